/** What the nodes of the benches host: many counters under a supervisor. Each tells how far it has counted, and in which process. */
import { plain } from "@orgtree/runtime";
import type { Catalog } from "@orgtree/node";
import { deskOf } from "./desks.ts";

const counter = plain<number, "count">({
  init: () => 0,
  receive(count, _, turn) {
    turn.reply({ count: count + 1, pid: process.pid });
    return count + 1;
  },
});

export const actors: Catalog["actors"] = {
  crowd: (size) => ({ logic: deskOf(size as number, counter).logic }),
};
