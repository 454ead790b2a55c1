/** A supervisor in one system, its children in another. */
import type { Address } from "@orgtree/core";
import { type Logic, plain, supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { Branches } from "./branches.ts";

type Order = "fail" | "count" | "get" | "exit" | "spend";

/** Counts, and does what it is told to. */
const counter: Logic = plain<number, Order>({
  init: (input) => Number(input ?? 0),
  receive(count, order, turn) {
    if (order === "fail") throw new Error("told to fail");
    if (order === "exit") turn.exit({ kind: "normal" });
    if (order === "get") turn.reply({ count, incarnation: turn.incarnation });
    return order === "count" ? count + 1 : count;
  },
});

const worker: Address = "/desk/w_b";
const desk = (more: object = {}) => supervisor({ strategy: "one-for-one", children: [{ id: "w_b", logic: counter, input: 5, ...more }] });

describe("a child in another system", () => {
  test("is started, restarted and stopped as in one", async () => {
    const world = new Branches({ [worker]: counter });
    const b = await world.begin("b");
    const a = await world.begin("a");
    await world.settled(a.system.start({ id: "desk", logic: desk() }));
    expect(await world.ask(a, worker, "get")).toEqual({ count: 5, incarnation: 1 });
    expect(await world.settled(a.system.supervisor("/desk").listChildren())).toMatchObject([
      { id: "w_b", address: worker, status: "running" },
    ]);
    await world.tell(a, worker, "count");
    await world.tell(a, worker, "fail");
    expect(await world.ask(a, worker, "get")).toEqual({ count: 5, incarnation: 2 });
    await world.settled(a.system.stop("/desk"));
    expect(b.system.open.actors).toBe(1);
    await expect(world.ask(a, worker, "get")).rejects.toMatchObject({ name: "UnknownRecipientError" });
  });
});
