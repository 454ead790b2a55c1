import type { NamespaceView } from "@orgtree/cluster";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { describeDuration } from "../text/amounts.ts";
import { printResult } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";
import { tableLines, type Column } from "../text/table.ts";
import { nameOf } from "./find-node.ts";
import { withCluster } from "./with-cluster.ts";

/** Carries out `orgtree nodes`. */
export function listNodes(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  return withCluster(input, surroundings, ({ view, namespace, server }) => {
    const nodes = view.nodes.map(({ id, ...lease }) => ({ id, name: nameOf(id), ...lease }));
    const unhosted = unhostedOf(view);
    const { stdout, clock } = surroundings;
    printResult(surroundings, input.flags, {
      json: () => ({ namespace, server, partitions: view.partitions, unhosted, nodes }),
      lines: () => [...nodeLines(view, clock.epochMs(), stdout.size()?.columns), ...unhostedLines(unhosted)],
    });
    return Promise.resolve(exitCode.done);
  });
}

/** Partitions that nobody hosts, or whose host was found dead. */
export function unhostedOf({ partitions, owners, nodes }: NamespaceView): readonly string[] {
  const alive = new Set(nodes.flatMap(({ id, state }) => (state === "buried" ? [] : [id])));
  return Object.entries(partitions)
    .flatMap(([pool, count]) => Array.from({ length: count }, (_, at) => `${pool}-${at}`))
    .filter((endpoint) => !alive.has(owners.get(endpoint) ?? ""));
}

const columns: readonly Column[] = [
  { title: "node", tone: "strong" },
  { title: "id" },
  { title: "state" },
  { title: "partitions", side: "right" },
  { title: "pools" },
  { title: "host" },
  { title: "pid", side: "right" },
  { title: "version" },
  { title: "up for", side: "right" },
  { title: "last beat", side: "right" },
];

function nodeLines({ nodes }: NamespaceView, nowMs: number, width: number | undefined): readonly Line[] {
  if (nodes.length === 0) return [[span("no node is up", "warning")]];
  const rows = nodes.map(({ id, state, partitions, pools, host, pid, version, since, beatMs }) => [
    nameOf(id),
    id,
    state === "buried" ? "found dead" : state,
    String(partitions.length),
    pools.join(", "),
    host,
    String(pid),
    version,
    state === "buried" ? "" : describeDuration(nowMs - since),
    `${describeDuration(nowMs - beatMs)} ago`,
  ]);
  return tableLines(columns, rows, width);
}

function unhostedLines(unhosted: readonly string[]): readonly Line[] {
  if (unhosted.length === 0) return [];
  return [[], [span(`nobody hosts ${unhosted.join(", ")}: a live node takes them soon, or there is none for their pool`, "warning")]];
}
