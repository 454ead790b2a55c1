import type { OwnershipEvent } from "@orgtree/cluster";
import type { StartedNode } from "@orgtree/node";
import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Logger } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { jsonLine } from "../progress/json-lines.ts";
import type { Surroundings } from "../surroundings.ts";
import { cleanText } from "../text/display-width.ts";
import { paintLines, span, type Line } from "../text/styled-line.ts";
import { namespaceOf, natsOptions } from "./with-cluster.ts";

/** Options that say what variables of the environment say as well. */
const variables: Readonly<Record<string, string>> = {
  name: "ORGTREE_NODE",
  partitions: "ORGTREE_PARTITIONS",
  pools: "ORGTREE_POOLS",
  replicas: "ORGTREE_REPLICAS",
  host: "HOST",
  port: "PORT",
};

/** Carries out `orgtree node`: takes part in a cluster until it is told to leave. */
export async function runNode(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { cwd, versions, catchInterrupts } = surroundings;
  const { readNodeConfig, startNode } = await import("@orgtree/node");
  const environment: Record<string, string | undefined> = {
    ...surroundings.environment,
    ORGTREE_NAMESPACE: namespaceOf(input, surroundings),
  };
  for (const [option, variable] of Object.entries(variables)) environment[variable] = valueOf(input, option) ?? environment[variable];
  if (input.flags.has("scripted")) environment["ORGTREE_SCRIPTED"] = "1";
  const config = readNodeConfig(environment, { modules: input.operands.map((file) => resolve(cwd, file)) });
  const connect = await natsOptions(input, surroundings);
  const teller = input.flags.has("json") ? tellInJson(surroundings) : tellInLines(surroundings);
  const signal = catchInterrupts();
  const started = await startNode(config, { connect, version: versions.orgtree, logger: teller.logger });
  const { node } = started;
  node.listen(teller.event);
  teller.joined(started, config.namespace);
  const leave = (): void => {
    teller.leaving();
    void node.drain();
  };
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  await started.left;
  teller.left();
  return exitCode.done;
}

/** How the life of a node is told. */
interface NodeTeller {
  readonly logger: Logger;
  readonly joined: (started: StartedNode, namespace: string) => void;
  readonly event: (event: OwnershipEvent) => void;
  readonly leaving: () => void;
  readonly left: () => void;
}

function tellInJson({ stdout, clock }: Surroundings): NodeTeller {
  const print = (object: object): void => stdout.write(jsonLine({ ...object, atMs: clock.epochMs() }));
  const log =
    (level: string) =>
    (facts: object, message: string): void =>
      print({ type: "log", level, message, ...facts });
  return {
    logger: { debug() {}, info: log("info"), warn: log("warn"), error: log("error") },
    joined: ({ node, status, organizations, actors }, namespace) =>
      print({ type: "joined", node: node.ownership.node, namespace, host: hostname(), pid: process.pid, status, organizations, actors }),
    event: print,
    leaving: () => print({ type: "leaving" }),
    left: () => print({ type: "left" }),
  };
}

function tellInLines({ stdout, stderr }: Surroundings): NodeTeller {
  const print = (line: Line): void => stdout.write(paintLines([line], stdout.hasColor));
  const log = (facts: object, message: string): void => {
    const told = Object.entries(facts).map(([name, fact]) => `${name} ${fact instanceof Error ? fact.message : String(fact)}`);
    stderr.write(`orgtree: ${cleanText([message, ...told].join("; "))}\n`);
  };
  return {
    logger: { debug() {}, info() {}, warn: log, error: log },
    joined({ node, status, organizations, actors }, namespace) {
      print([span(node.ownership.node, "strong"), span(` has joined the namespace ${namespace}`)]);
      if (organizations.length > 0) print([span("  organizations ", "dim"), span(organizations.join(", "))]);
      if (actors.length > 0) print([span("  actors        ", "dim"), span(actors.join(", "))]);
      if (status !== undefined) print([span("  status        ", "dim"), span(status)]);
    },
    event(event) {
      const line = eventLine(event);
      if (line !== undefined) print(line);
    },
    leaving: () => print([span("hands over what it hosts, and leaves; once more ends it at once", "warning")]),
    left: () => print([span("it has left the cluster", "good")]),
  };
}

/** What a person at the screen would want to know. */
function eventLine(event: OwnershipEvent): Line | undefined {
  switch (event.type) {
    case "begun":
      return [span(`hosts ${event.partition}`, "good")];
    case "ends":
      return [span(`gives ${event.partition} up: ${reasons[event.why]}`)];
    case "released":
      return [span(`${event.partition} is free${event.next === undefined ? "" : ` for ${event.next}`}`)];
    case "failed":
      return [span(`${event.partition} does not work: ${cleanText(event.problem)}; it is tried again`, "bad")];
    case "buried":
      return [span("others found this node dead: it ends what it has, and joins again", "bad")];
    case "buries":
      return [span(`${event.node} is dead: others take what it had`, "warning")];
    case "joined":
      return [span(`joins as ${event.node}`)];
    case "claimed":
    case "ended":
      return undefined;
    default:
      return event satisfies never;
  }
}

const reasons: Readonly<Record<Extract<OwnershipEvent, { type: "ends" }>["why"], string>> = {
  moved: "another node is to have it",
  drained: "this node leaves",
  closed: "this node leaves",
  replaced: "another node has taken it",
  buried: "others found this node dead",
  alone: "the leases have been out of reach for too long",
};
