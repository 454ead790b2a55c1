import { type Address, idOf, type Endpoint } from "@orgtree/core";
import type { Logic } from "@orgtree/runtime";
import { type Node, Nodes } from "./nodes.ts";

/** Where an address is hosted whose segments may have a mark, `name_b`: at the endpoint of the last one, and without any at `a`. */
function endpointOf(address: Address): Endpoint {
  return [...address.matchAll(/_([a-zA-Z])(?=\/|$)/g)].at(-1)?.[1] ?? "a";
}

/** Systems that host the branches of one tree, and know the logic of what runs there. */
export class Branches extends Nodes {
  constructor(logics: Readonly<Record<Address, Logic>>) {
    super({
      endpointOf,
      system: {
        specOf: (address: Address) => {
          const logic = logics[address];
          return logic === undefined ? undefined : { id: idOf(address), logic };
        },
      },
    });
  }

  async tell(node: Node, to: Address, message: unknown): Promise<void> {
    node.system.tell(to, message);
    await this.clock.advance(300);
  }
}
