import { describe, expect, test } from "vitest";
import { BudgetAccount, type BudgetHandle } from "./budget-account.ts";
import { kernelOf } from "../actor-system.ts";
import { startWorld } from "../machine/machine.fixture.ts";
import { plain } from "../actor/plain.ts";
import { die, makePuppet, restarted, type Order } from "../actor/plain.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";

describe("the budget of an actor", () => {
  const count: Order = () => {};

  test("counts a turn for every message; the one too many is a dead letter, and the actor fails", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { budget: { turns: 2 } });
    for (let number = 0; number < 2; number++) await world.tell(count);
    expect(world.node()).toMatchObject({ spent: { turns: 2 } });
    await world.tell({ type: "one too many" });
    expect(world.letters()).toEqual(["failed: one too many"]);
    expect(world.failures()).toMatchObject([{ class: "budget-exhausted", kind: "turns", address: "/m" }]);
    expect(world.exits()).toHaveLength(1);
  });

  test("does not count signals, and no calls to a supervisor", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(supervisor({ children: [{ id: "a", logic }] }), { id: "s", budget: { turns: 1 } });
    await world.tell(((turn) => ["x", "y"].forEach((name) => turn.setTimer(name, 1))) satisfies Order, "/s/a");
    await world.clock.advance(1);
    for (let number = 0; number < 3; number++) await world.system.supervisor("/s").countChildren();
    expect(heard).toHaveLength(2);
    expect(world.node("/s")).toMatchObject({ spent: { turns: 1 } });
  });

  test("survives a restart: what was spent stays spent", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { ...restarted, budget: { turns: 3 } });
    await world.tell(count);
    await world.tell(die);
    expect(world.node()).toMatchObject({ incarnation: 2, spent: { turns: 2 } });
    await world.tell(count);
    await world.tell(count);
    expect(world.failures().map(({ class: name }) => name)).toEqual(["crash", "budget-exhausted"]);
  });

  test("is a part of its supervisor's, which gets back what is left when the child is gone", async () => {
    await using world = startWorld();
    const children = [
      { id: "a", logic: makePuppet().logic, restart: "temporary" as const, budget: { tokens: 60 } },
      { id: "b", logic: makePuppet().logic, restart: "temporary" as const },
    ];
    await world.start(supervisor({ children }), { id: "s", budget: { tokens: 100 } });
    const left: number[] = [];
    const look: Order = (turn) => left.push(turn.budget.left().tokens);
    const spend: (tokens: number) => Order = (tokens) => (turn) => turn.budget.reserve({ tokens }).settle({ tokens });
    await world.tell(look, "/s/a");
    await world.tell(look, "/s/b");
    await world.tell(spend(10), "/s/a");
    await world.tell(spend(30), "/s/b");
    await world.tell(look, "/s/a");
    await world.tell(look, "/s/b");
    expect(left).toEqual([60, 40, 50, 10]);
    expect(world.node("/s")).toMatchObject({ spent: { tokens: 40 }, children: [{ spent: { tokens: 10 } }, { spent: undefined }] });
    await world.tell(spend(30), "/s/b");
    expect(world.failures("/s/b")).toMatchObject([{ class: "budget-exhausted", kind: "tokens" }]);
  });

  test("goes back when the child is gone, but for what it spent", async () => {
    await using world = startWorld();
    const children = [{ id: "a", logic: makePuppet().logic, restart: "temporary" as const, budget: { tokens: 60 } }];
    await world.start(supervisor({ children }), { id: "s", budget: { tokens: 100 } });
    await world.tell(((turn) => turn.budget.reserve({ tokens: 10 }).keep()) satisfies Order, "/s/a");
    await world.tell(((turn) => turn.exit()) satisfies Order, "/s/a");
    await world.system.supervisor("/s").startChild({ id: "b", logic: makePuppet().logic, restart: "temporary" });
    const left: number[] = [];
    await world.tell(((turn) => left.push(turn.budget.left().tokens)) satisfies Order, "/s/b");
    expect(left).toEqual([90]);
  });

  test("is not refilled when the child is ended and started again; meanwhile what is left of it is its supervisor's", async () => {
    await using world = startWorld();
    const children = [
      { id: "a", logic: makePuppet().logic, budget: { tokens: 60 } },
      { id: "b", logic: makePuppet().logic },
    ];
    await world.start(supervisor({ children }), { id: "s", budget: { tokens: 100 } });
    const left: number[] = [];
    const look: Order = (turn) => left.push(turn.budget.left().tokens);
    const { terminateChild, restartChild, deleteChild, startChild } = world.system.supervisor("/s");
    await world.tell(((turn) => turn.budget.reserve({ tokens: 50 }).keep()) satisfies Order, "/s/a");
    await terminateChild("a");
    await world.tell(look, "/s/b");
    await restartChild("a");
    await world.tell(look, "/s/a");
    await world.tell(look, "/s/b");
    expect(left).toEqual([50, 10, 40]);
    // Whoever comes after a delete is somebody else.
    await terminateChild("a");
    await deleteChild("a");
    await startChild({ ...children[0]!, budget: { tokens: 45 } });
    await world.tell(look, "/s/a");
    expect(left.at(-1)).toBe(45);
  });

  test("is not refilled by a restart of the supervisor above", async () => {
    await using world = startWorld();
    const desk = supervisor({
      children: [{ id: "a", logic: makePuppet().logic, budget: { tokens: 60 } }],
      intensity: { maxRestarts: 0, periodMs: 1 },
    });
    await world.start(supervisor({ children: [{ id: "desk", logic: desk }] }), { id: "s" });
    await world.tell(((turn) => turn.budget.reserve({ tokens: 50 }).keep()) satisfies Order, "/s/desk/a");
    await world.tell(die, "/s/desk/a");
    expect(world.exits("/s/desk")).toMatchObject([{ kind: "escalated" }]);
    const left: number[] = [];
    await world.tell(((turn) => left.push(turn.budget.left().tokens)) satisfies Order, "/s/desk/a");
    expect(left).toEqual([10]);
  });

  test("is forgotten with the spec of the supervisor above", async () => {
    await using world = startWorld();
    const desk = supervisor({ children: [{ id: "a", logic: makePuppet().logic, budget: { tokens: 60 } }] });
    for (const budget of [undefined, { tokens: 100 }]) {
      await world.start(desk, { id: "desk", budget });
      await world.tell(((turn) => turn.budget.reserve({ tokens: 50 }).keep()) satisfies Order, "/desk/a");
      await world.system.stop("/desk");
      await world.start(desk, { id: "desk", budget });
      const left: number[] = [];
      await world.tell(((turn) => left.push(turn.budget.left().tokens)) satisfies Order, "/desk/a");
      expect(left).toEqual([60]);
      await world.system.stop("/desk");
    }
    expect(kernelOf(world.system).accounts.size).toBe(0);
  });

  test("pays one turn for a message that is put aside and taken up again", async () => {
    await using world = startWorld();
    const seen: string[] = [];
    const shy = plain<{ open: boolean }, string>({
      init: () => ({ open: false }),
      receive(state, message, turn) {
        if (message === "open") return (turn.unstash(), { open: true });
        if (!state.open) return (turn.postpone(), state);
        seen.push(message);
        return state;
      },
    });
    await world.start(shy, { budget: { turns: 3 } });
    await world.tell("one");
    await world.tell("two");
    await world.tell("open");
    expect(seen).toEqual(["one", "two"]);
    expect(world.node()).toMatchObject({ spent: { turns: 3 } });
  });

  test("counts the whole reservation when what it is settled with is no amount", async () => {
    const account = new BudgetAccount({ tokens: 100 });
    expect(() => account.reserve({ tokens: 30 }).settle({ tokens: Number.NaN })).toThrow("tokens: a number of at least 0, not NaN");
    expect(account.left().tokens).toBe(70);
    expect(account.spent().tokens).toBe(30);
  });

  test("that the supervisor has no room for refuses the start", async () => {
    await using world = startWorld();
    await world.start(supervisor({}), { id: "s", budget: { tokens: 10 } });
    const spec = { id: "a", logic: makePuppet().logic, restart: "temporary" as const, budget: { tokens: 11 } };
    await expect(world.system.supervisor("/s").startChild(spec)).rejects.toMatchObject({ code: "start-failed" });
    expect(world.exits("/s/a")).toMatchObject([{ failure: { class: "budget-exhausted", kind: "tokens" } }]);
    await world.system.supervisor("/s").startChild({ ...spec, budget: { tokens: 10 } });
  });

  test("is given to work, where a call whose outcome is unknown is charged in full", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { budget: { tokens: 100 } });
    let handle: BudgetHandle | undefined;
    const order: Order = (turn) =>
      turn.run("call", async ({ budget, signal }) => {
        handle = budget;
        const call = budget.reserve({ tokens: 30 });
        signal.addEventListener("abort", () => call.keep(), { once: true });
        return Promise.withResolvers<void>().promise;
      });
    await world.tell(order);
    expect(handle!.left().tokens).toBe(70);
    expect(handle!.spent().tokens).toBe(0);
    await world.tell(die);
    expect(handle!.spent().tokens).toBe(30);
  });
});
