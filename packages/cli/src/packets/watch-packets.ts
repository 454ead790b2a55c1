import type { NamespaceView } from "@orgtree/cluster";
import type { PassingPacket } from "@orgtree/nats";
import type { ConnectedCluster } from "@orgtree/node";
import { withCluster } from "../cluster/with-cluster.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { parseWhole } from "../input/whole-number.ts";
import type { Surroundings } from "../surroundings.ts";
import { plainJson } from "../text/plain-json.ts";
import { paintLines } from "../text/styled-line.ts";
import { packetJson, packetLines, type SeenPacket } from "./packet-text.ts";

/** Carries out `orgtree packets watch`. */
export async function watchPackets(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { clock, stdout } = surroundings;
  const limit = numberOf(input, "limit") ?? Infinity;
  const seconds = numberOf(input, "seconds");
  const only = valueOf(input, "at");
  const { PacketReader } = await import("@orgtree/node");
  return withCluster(input, surroundings, async (cluster) => {
    if (only !== undefined) checkEndpoint(cluster, only);
    const reader = new PacketReader();
    const over = Promise.withResolvers<void>();
    let seen = 0;
    const hear = ({ to, from, bytes }: PassingPacket): void => {
      const packet = reader.read(bytes);
      if (seen >= limit || (only !== undefined && to !== only && from !== only)) return;
      const route = { atMs: clock.epochMs(), from, to };
      stdout.write(packetText({ route, bytes: bytes.byteLength, ...packet }, input, surroundings));
      if (++seen === limit) over.resolve();
    };
    surroundings.catchInterrupts().addEventListener("abort", () => over.resolve(), { once: true });
    const cancel = seconds === undefined ? undefined : clock.setTimer(seconds * 1_000, over.resolve);
    const stop = input.flags.has("all") ? await cluster.tap("*", hear) : tapHosted(cluster, { hear, failed: over.reject });
    try {
      await over.promise;
    } finally {
      cancel?.();
      stop();
    }
    return exitCode.done;
  });
}

/** A packet as it is printed. */
export function packetText(packet: SeenPacket, { flags }: CommandInput, { stdout }: Pick<Surroundings, "stdout">): string {
  return flags.has("json") ? `${plainJson(packetJson(packet))}\n` : paintLines(packetLines(packet), stdout.hasColor);
}

function numberOf(input: CommandInput, option: string): number | undefined {
  const text = valueOf(input, option);
  return text === undefined ? undefined : parseWhole(text, `--${option}`, 1);
}

function checkEndpoint({ view }: ConnectedCluster, endpoint: string): void {
  const [, pool = "", number = ""] = /^(.*)-(\d+)$/.exec(endpoint) ?? [];
  const count = Object.hasOwn(view.partitions, pool) ? view.partitions[pool]! : 0;
  if (Number(number) < count && number !== "") return;
  const pools = Object.entries(view.partitions).map(([name, most]) => `${name}-0 to ${name}-${most - 1}`);
  throw new UsageError(`there is no partition ${endpoint}`, `there are ${pools.join(", ")}`);
}

/**
 * Hears what goes to partitions that somebody hosts, and no others: where nobody listens, who sends there is to be told at once, and would not be if this
 * one listened.
 */
function tapHosted(
  cluster: ConnectedCluster,
  { hear, failed }: { readonly hear: (packet: PassingPacket) => void; readonly failed: (error: unknown) => void },
): () => void {
  const taps = new Map<string, Promise<() => void>>();
  const drop = (endpoint: string): void => {
    taps.get(endpoint)?.then((stop) => stop(), failed);
    taps.delete(endpoint);
  };
  const stopWatching = cluster.watch((view) => {
    const hosted = hostedIn(view);
    for (const endpoint of Array.from(taps.keys())) if (!hosted.has(endpoint)) drop(endpoint);
    for (const endpoint of hosted) {
      if (taps.has(endpoint)) continue;
      const tapping = cluster.tap(endpoint, hear);
      tapping.catch(failed);
      taps.set(endpoint, tapping);
    }
  });
  return () => {
    stopWatching();
    for (const endpoint of Array.from(taps.keys())) drop(endpoint);
  };
}

function hostedIn({ owners, nodes }: NamespaceView): ReadonlySet<string> {
  const alive = new Set(nodes.flatMap(({ id, state }) => (state === "buried" ? [] : [id])));
  return new Set(Array.from(owners).flatMap(([endpoint, owner]) => (alive.has(owner) ? [endpoint] : [])));
}
