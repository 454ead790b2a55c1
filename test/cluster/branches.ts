import { type Address, type Endpoint, idOf } from "@orgtree/core";
import { type Logic, plain } from "@orgtree/runtime";
import { type Node, Nodes } from "./nodes.ts";

/** Where an address is hosted whose segments may have a mark, `name_b`: at the endpoint of the last one, and without any at `a`. */
function endpointOf(address: Address): Endpoint {
  return [...address.matchAll(/_([a-zA-Z])(?=\/|$)/g)].at(-1)?.[1] ?? "a";
}

/** What a counter is told: a number is added. */
export type CounterOrder = number | "fail" | "end" | "get";

/** Counts from its input on, and does what it is told to. */
export const counter: Logic = plain<number, CounterOrder>({
  init: (input) => Number(input ?? 0),
  receive(count, order, turn) {
    if (order === "fail") throw new Error("told to fail");
    if (order === "end") turn.exit({ kind: "normal" });
    if (order === "get") turn.reply(count);
    return typeof order === "number" ? count + order : count;
  },
});

/** Systems that host the branches of one tree, and know the logic of what runs there by its address, or by its name before the mark. */
export class Branches extends Nodes {
  constructor(logics: Readonly<Record<string, Logic>> = {}) {
    const all: Readonly<Record<string, Logic>> = { w: counter, v: counter, ...logics };
    super({
      endpointOf,
      system: {
        specOf: (address: Address) => {
          const id = idOf(address);
          const logic = all[id.replace(/_.$/, "")];
          return logic === undefined ? undefined : { id, logic };
        },
      },
    });
  }

  async tell(node: Node, to: Address, message: unknown): Promise<void> {
    node.system.tell(to, message);
    await this.clock.advance(300);
  }

  /** Tries again, as time goes on, until something holds; a minute at most. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      if (await holds().catch(() => false)) return;
      await this.clock.advance(1_000);
    }
    throw new Error("it did not come to hold within a minute");
  }

  /** What a counter has counted. */
  async count(node: Node, address: Address): Promise<number> {
    return (await this.settled(node.system.ask(address, "get", { timeoutMs: 2_000 }))) as number;
  }
}

/** The starts and ends of all in a system but its root, in the order in which they happened. */
export function livesOf({ events }: Node): readonly string[] {
  return events.flatMap((event) => {
    if (!("address" in event) || event.address === "/") return [];
    if (event.type === "actor-started") return [`+${event.address}`];
    if (event.type !== "actor-exited") return [];
    const { exit } = event;
    return [`-${event.address} ${exit.kind === "failure" ? exit.failure.class : exit.kind}`];
  });
}
