import { isWithin, type Address } from "@orgtree/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorLog } from "./actor-log.ts";
import { ActorLogs } from "./actor-logs.ts";

const address = fc
  .array(fc.constantFrom("a", "b", "c"), { maxLength: 4 })
  .map((ids): Address => (ids.length === 0 ? "/" : `/${ids.join("/")}`));

test("those below an address are found, whoever between them has come and gone", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), address), { maxLength: 60 }), address, (steps, top) => {
      const logs = new ActorLogs();
      const expected = new Set<Address>();
      for (const [comes, each] of steps) {
        if (comes) logs.set(each, new ActorLog(each));
        else expect(logs.delete(each)).toBe(expected.has(each));
        if (comes) expected.add(each);
        else expected.delete(each);
      }
      const below = [...expected].filter((each) => each !== top && isWithin(each, top));
      expect([...logs.below(top)].toSorted()).toEqual(below.toSorted());
    }),
  );
});
