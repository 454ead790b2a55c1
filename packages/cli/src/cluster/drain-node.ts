import type { NamespaceView } from "@orgtree/cluster";
import type { ConnectedCluster } from "@orgtree/node";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { countOf, describeDuration } from "../text/amounts.ts";
import { printResult } from "../text/print-result.ts";
import { paintLines, span, type Line } from "../text/styled-line.ts";
import { findNode, presentNodes } from "./find-node.ts";
import { unhostedOf } from "./list-nodes.ts";
import { waitMsOf, withCluster } from "./with-cluster.ts";

/** Longer than a node tries to hand over. */
const defaultWaitSeconds = 90;
/** How long others may take to have what was handed over before that is worth a word, in milliseconds. */
const takeOverMs = 5_000;

/** Carries out `orgtree drain`. */
export function drainNode(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const waitMs = waitMsOf(input, defaultWaitSeconds);
  return withCluster(input, surroundings, async (cluster) => {
    const { stdout, clock } = surroundings;
    const isJson = input.flags.has("json");
    const { id } = findNode(cluster.view, input.operands[0]!);
    const tell = (line: Line): void => {
      if (!isJson) stdout.write(paintLines([line], stdout.hasColor));
    };
    const startMs = clock.nowMs();
    const { partitions } = await cluster.nodes.drain(id);
    tell([span(`${id} hands over ${countOf(partitions, "partition")}, in order, and leaves`)]);
    const left = await untilLeft(cluster, { id, waitMs, clock, tell });
    const tookMs = Math.round(clock.nowMs() - startMs);
    const unhosted = left.view === undefined ? [] : unhostedOf(left.view);
    printResult(surroundings, input.flags, {
      json: () => ({ node: id, left: left.hasLeft, tookMs, remaining: left.remaining, unhosted }),
      lines: () => conclusionLines({ id, tookMs, ...left, unhosted }),
    });
    return left.hasLeft ? exitCode.done : exitCode.failed;
  });
}

interface Leaving {
  readonly hasLeft: boolean;
  /** Partitions that it still hosts. */
  readonly remaining: readonly string[];
  readonly view: NamespaceView | undefined;
}

interface LeavingNode extends Pick<Surroundings, "clock"> {
  readonly id: string;
  readonly waitMs: number;
  readonly tell: (line: Line) => void;
}

async function untilLeft(cluster: ConnectedCluster, { id, waitMs, clock, tell }: LeavingNode): Promise<Leaving> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let leaving: Leaving = { hasLeft: false, remaining: [], view: undefined };
  let told: number | undefined;
  let cancelOthers: () => void = () => {};
  const stop = cluster.watch((view) => {
    const node = view.nodes.find((each) => each.id === id && each.state !== "buried");
    const remaining = node?.partitions ?? [];
    const hasLeft = node === undefined;
    if (hasLeft && !leaving.hasLeft) cancelOthers = clock.setTimer(takeOverMs, resolve);
    leaving = { hasLeft, remaining, view };
    if (told !== undefined && remaining.length !== told && remaining.length > 0)
      tell([span(`  ${countOf(remaining.length, "partition")} to go: ${remaining.join(", ")}`, "dim")]);
    told = remaining.length;
    if (hasLeft && (unhostedOf(view).length === 0 || presentNodes(view).length === 0)) resolve();
  });
  const cancel = clock.setTimer(waitMs, resolve);
  await promise;
  cancel();
  cancelOthers();
  stop();
  return leaving;
}

function conclusionLines({
  id,
  tookMs,
  hasLeft,
  remaining,
  unhosted,
}: Leaving & { readonly id: string; readonly tookMs: number; readonly unhosted: readonly string[] }): readonly Line[] {
  if (!hasLeft) {
    const rest = remaining.length === 0 ? "" : `; it still has ${remaining.join(", ")}`;
    return [[span(`✗ ${id} has not left after ${describeDuration(tookMs)}${rest}: it goes on leaving; orgtree nodes tells`, "bad")]];
  }
  const nobody = unhosted.length === 0 ? [] : [[span(`  nobody has ${unhosted.join(", ")} now`, "warning")]];
  return [[span(`✔ ${id} has left, in ${describeDuration(tookMs)}`, "good")], ...nobody];
}
