import type { NatsLinkOptions } from "@orgtree/nats";
import type { ConnectedCluster } from "@orgtree/node";
import type { Logger } from "orgtree";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { parseWhole } from "../input/whole-number.ts";
import type { Surroundings } from "../surroundings.ts";

const defaultWaitSeconds = 10;

/** Connects to the cluster that is meant, has something done with it, and disconnects. */
export async function withCluster<T>(
  input: CommandInput,
  surroundings: Surroundings,
  work: (cluster: ConnectedCluster) => Promise<T>,
): Promise<T> {
  const { openCluster } = await import("@orgtree/node");
  const namespace = namespaceOf(input, surroundings);
  const connect = await natsOptions(input, surroundings);
  const answerMs = waitMsOf(input);
  const { clock, random } = surroundings;
  await using cluster = await openCluster({ connect, namespace, answerMs, clock, random, logger: silent });
  return await work(cluster);
}

/** How long to wait for an answer, in milliseconds. Throws `UsageError`. */
export function waitMsOf(input: CommandInput, byDefault = defaultWaitSeconds): number {
  return parseWhole(valueOf(input, "wait") ?? String(byDefault), "--wait", 1) * 1_000;
}

/** Throws `UsageError`. */
export function namespaceOf(input: CommandInput, { environment }: Pick<Surroundings, "environment">): string {
  const named = valueOf(input, "namespace");
  const namespace = named ?? (environment["ORGTREE_NAMESPACE"]?.trim() || "main");
  if (/^[A-Za-z0-9_-]{1,40}$/.test(namespace)) return namespace;
  const from = named === undefined ? "ORGTREE_NAMESPACE" : "--namespace";
  throw new UsageError(`${from} "${namespace}" is no namespace`, "it is 1 to 40 letters, digits, _ and -");
}

/** What is named on the command line comes before the environment: a context there does not have the address of `NATS_URL`. */
export async function natsOptions(
  input: CommandInput,
  { environment, home }: Pick<Surroundings, "environment" | "home">,
): Promise<NatsLinkOptions> {
  const { natsSettings } = await import("@orgtree/nats");
  const [server, context] = [valueOf(input, "server"), valueOf(input, "context")];
  const kept = Object.entries(environment).filter(([name]) => context === undefined || !name.startsWith("NATS_"));
  const variables: Record<string, string | undefined> = Object.fromEntries(kept);
  if (context !== undefined) variables["NATS_CONTEXT"] = context;
  if (server !== undefined) variables["NATS_URL"] = server;
  return { ...natsSettings({ variables, home }), timeout: Math.min(waitMsOf(input), 10_000) };
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
