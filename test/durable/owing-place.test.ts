/** A place that was given up for good while something of it is under way yet, and who lives there next. */
import type { Address, ChildSpec } from "@orgtree/core";
import { plain, supervisor, type Logic } from "@orgtree/runtime";
import { expect, test } from "vitest";
import { World } from "./world.ts";

type Order = { readonly do: "add" | "checkpoint" | "get" } | { readonly do: "give"; readonly to: Address };

/** Writes down what it takes. */
const desk = plain<readonly string[], Order>({
  init: () => [],
  receive(log, order, turn) {
    if (order.do === "get") turn.reply(log);
    if (order.do === "checkpoint") turn.checkpoint("c");
    if (order.do === "give") turn.deliver(order.to, { do: "add" });
    return [...log, order.do];
  },
});

const few: ChildSpec<Logic> = { id: "few", logic: desk, budget: { turns: 4 } };

test("whoever begins afresh where something is owed has a budget of his own, over crashes, and what is owed arrives once", async () => {
  const world = new World();
  await world.start({ id: "late", logic: desk });
  await world.start(few);
  await world.tell("/few", { do: "add" });
  await world.crash();
  await world.start(few);
  await world.tell("/few", { do: "give", to: "/late" }); // Nobody is there, and he is stored.
  for (let more = 0; more < 3; more++) await world.tell("/few", { do: "add" });
  expect(world.events.map(({ type }) => type)).toContain("escalated-to-root");

  await Promise.all([world.system.start(few, { fresh: true }), world.clock.settle()]);
  const log: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    expect([turn, await world.ask("/few", { do: "get" })]).toEqual([turn, log]);
    log.push("get");
    if (turn !== 1) continue;
    await world.crash();
    await world.start(few);
  }
  await world.start({ id: "late", logic: desk });
  expect(await world.ask("/late", { do: "get" })).toEqual(["add"]);
  const kinds: string[] = [];
  for await (const { kind } of world.journal.read({ address: "/few" })) kinds.push(kind);
  expect(kinds.filter((kind) => kind === "end")).toEqual(["end"]);
});

test("whoever is put back where something is owed goes on: his place has not ended", async () => {
  const world = new World();
  await world.start({ id: "late", logic: desk });
  await world.crash();
  await world.start({ id: "team", logic: supervisor({ strategy: "dynamic", maxChildren: 1, template: { logic: desk } }) });
  await Promise.all([world.system.supervisor("/team").startChild({ id: "a" }), world.clock.settle()]);
  await world.tell("/team/a", { do: "checkpoint" });
  await world.tell("/team/a", { do: "give", to: "/late" });
  await Promise.all([world.system.rollBack("/team", { consent: true }), world.clock.settle()]);
  await world.start({ id: "late", logic: desk });
  expect(await world.ask("/team/a", { do: "get" })).toEqual(["checkpoint", "give"]);
  // What was sent in the first place stands.
  expect(await world.ask("/late", { do: "get" })).toEqual(["add", "add"]);
  const kinds: string[] = [];
  for await (const { kind } of world.journal.read({ address: "/team/a" })) kinds.push(kind);
  expect(kinds).not.toContain("end");
});
