/** Somebody in another process, who is spoken to over a real nats-server: by our transport, or by the client of NATS alone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WireTransport } from "@orgtree/cluster";
import { decode } from "@orgtree/core";
import { NatsLink, NatsWire } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { createActorSystem, systemClock, systemRandom, type ActorSystem } from "@orgtree/runtime";

const program = fileURLToPath(new URL("far-process.ts", import.meta.url));

export const farAddress = "/far";
export const farSubjects = { ask: "far.ask", tell: "far.tell", count: "far.count" } as const;

const noLog = (): void => undefined;
const silent = { level: "silent", trace: noLog, debug: noLog, info: noLog, warn: noLog, error: noLog, fatal: noLog, child: () => silent };

/** A system that speaks over NATS, and knows of one other. */
export function joinWire(link: NatsLink, endpoint: "near" | "far"): ActorSystem {
  const transport = new WireTransport({
    wire: new NatsWire(link, { namespace: "bench" }),
    clock: systemClock,
    random: systemRandom,
    logger: silent,
    endpoint,
    endpointOf: (address) => (address === farAddress ? "far" : "near"),
  });
  return createActorSystem({ transport });
}

/** Who is far away. */
export interface Far {
  ask(text: string): Promise<unknown>;
  tell(text: string): void;
  /** How much he was told, this included which was told before. */
  count(): Promise<number>;
}

/** Starts a server and the other process. Both end with this one. */
export async function openFar(way: "ours" | "raw"): Promise<Far> {
  const server = await LocalServer.start({ jetStream: false });
  const child = spawn(process.execPath, [...process.execArgv, program, way, server.url], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const link = await NatsLink.connect({ servers: server.url });
  return way === "ours" ? ours(link) : raw(link);
}

function ours(link: NatsLink): Far {
  const system = joinWire(link, "near");
  return {
    ask: (text) => system.ask(farAddress, text, { timeoutMs: 10_000 }),
    tell: (text) => system.tell(farAddress, text),
    count: async () => (await system.ask(farAddress, "count")) as number,
  };
}

function raw({ connection }: NatsLink): Far {
  return {
    ask: async (text) => (await connection.request(farSubjects.ask, text, { timeout: 10_000 })).string(),
    tell: (text) => connection.publish(farSubjects.tell, text),
    count: async () => decode((await connection.request(farSubjects.count)).data) as number,
  };
}
