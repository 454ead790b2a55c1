import { BudgetExhaustedError, type Budget } from "@orgtree/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BudgetAccount, unlimited, type BudgetHandle, type Reservation } from "./budget-account.ts";
import { kernelOf } from "../actor-system.ts";
import { startWorld } from "../machine/machine.fixture.ts";
import { plain } from "../actor/plain.ts";
import { die, makePuppet, restarted, type Order } from "../actor/plain.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";

const counts = fc.nat({ max: 60 });
const budgets: fc.Arbitrary<Budget> = fc.record(
  { turns: counts, tokens: counts, usd: counts.map((micro) => micro / 1e6) },
  { requiredKeys: [] },
);

type Step =
  | { readonly kind: "open"; readonly parent: number; readonly budget: Budget }
  | { readonly kind: "turn"; readonly account: number }
  | { readonly kind: "reserve"; readonly account: number; readonly tokens: number; readonly micro: number }
  | { readonly kind: "settle"; readonly call: number; readonly part: 0 | 0.5 | 1 }
  | { readonly kind: "keep"; readonly call: number }
  | { readonly kind: "close"; readonly account: number }
  | { readonly kind: "reopen"; readonly account: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("open" as const), parent: fc.nat(), budget: budgets }),
  fc.record({ kind: fc.constant("turn" as const), account: fc.nat() }),
  fc.record({ kind: fc.constant("reserve" as const), account: fc.nat(), tokens: counts, micro: counts }),
  fc.record({ kind: fc.constant("settle" as const), call: fc.nat(), part: fc.constantFrom(0 as const, 0.5 as const, 1 as const) }),
  fc.record({ kind: fc.constant("keep" as const), call: fc.nat() }),
  fc.record({ kind: fc.constant("close" as const), account: fc.nat() }),
  fc.record({ kind: fc.constant("reopen" as const), account: fc.nat() }),
);

/** A tree of accounts beside what was really spent below each of them. */
class Bookkeeper {
  readonly accounts: {
    account: BudgetAccount;
    parents: number[];
    children: number;
    open: boolean;
    spent: { turns: number; tokens: number; micro: number };
  }[] = [];
  readonly calls: { reservation: Reservation; account: number; tokens: number; micro: number }[] = [];
  readonly #limit: { turns: number; tokens: number; micro: number };

  constructor(limit: { turns: number; tokens: number; micro: number }) {
    this.#limit = limit;
    const { turns, tokens, micro } = limit;
    this.#add(new BudgetAccount({ turns, tokens, usd: micro / 1e6 }), []);
  }

  #add(account: BudgetAccount, parents: number[]): void {
    this.accounts.push({ account, parents, children: 0, open: true, spent: { turns: 0, tokens: 0, micro: 0 } });
  }

  #pick(at: number) {
    const open = this.accounts.map((entry, number) => ({ ...entry, number })).filter((entry) => entry.open);
    return open[at % open.length]!;
  }

  #spend(number: number, part: { turns?: number; tokens?: number; micro?: number }): void {
    for (const at of [number, ...this.accounts[number]!.parents]) {
      const { spent } = this.accounts[at]!;
      spent.turns += part.turns ?? 0;
      spent.tokens += part.tokens ?? 0;
      spent.micro += part.micro ?? 0;
    }
  }

  /** Runs `work`; true when there was room. */
  #fits(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(BudgetExhaustedError);
      return false;
    }
  }

  carryOut(step: Step): void {
    switch (step.kind) {
      case "open": {
        const parent = this.#pick(step.parent);
        const wasOpened = this.#fits(() => this.#add(new BudgetAccount(step.budget, parent.account), [parent.number, ...parent.parents]));
        if (wasOpened) this.accounts[parent.number]!.children++;
        return;
      }
      case "turn": {
        const { account, number } = this.#pick(step.account);
        if (this.#fits(() => account.spendTurn())) this.#spend(number, { turns: 1 });
        return;
      }
      case "reserve": {
        const { account, number } = this.#pick(step.account);
        const { tokens, micro } = step;
        this.#fits(() => this.calls.push({ reservation: account.reserve({ tokens, usd: micro / 1e6 }), account: number, tokens, micro }));
        return;
      }
      case "settle":
      case "keep": {
        const [call] = this.calls.splice(step.call % Math.max(1, this.calls.length), 1);
        if (call === undefined) return;
        const part = step.kind === "keep" ? 1 : step.part;
        const [tokens, micro] = [Math.floor(call.tokens * part), Math.floor(call.micro * part)];
        if (step.kind === "keep") call.reservation.keep();
        else call.reservation.settle({ tokens, usd: micro / 1e6 });
        call.reservation.keep(); // The second one does nothing.
        this.#spend(call.account, { tokens, micro });
        return;
      }
      case "close": {
        const entry = this.#pick(step.account);
        if (entry.parents.length === 0 || entry.children > 0) return;
        this.accounts[entry.number]!.open = false;
        this.accounts[entry.parents[0]!]!.children--;
        entry.account.close();
        entry.account.close();
        return;
      }
      case "reopen": {
        const closed = this.accounts.filter(({ open, parents }) => !open && this.accounts[parents[0]!]!.open);
        const entry = closed[step.account % Math.max(1, closed.length)];
        if (entry === undefined || !this.#fits(() => entry.account.reopen())) return;
        entry.open = true;
        this.accounts[entry.parents[0]!]!.children++;
        return;
      }
      default:
        return step satisfies never;
    }
  }

  check(): void {
    for (const { account, spent } of this.accounts) {
      expect(account.spent()).toEqual({ turns: spent.turns, tokens: spent.tokens, usd: spent.micro / 1e6 });
    }
    const [root] = this.accounts;
    for (const name of ["turns", "tokens", "micro"] as const) expect(root!.spent[name]).toBeLessThanOrEqual(this.#limit[name]);
  }

  /** Everything is settled and closed: what was not spent is there again. */
  checkAtTheEnd(): void {
    while (this.calls.length > 0) this.carryOut({ kind: "settle", call: 0, part: 0.5 });
    for (const entry of this.accounts.slice(1).reverse()) entry.account.close();
    this.check();
    const [root] = this.accounts;
    const { turns, tokens, usd } = root!.account.left();
    expect(turns).toBe(this.#limit.turns - root!.spent.turns);
    expect(tokens).toBe(this.#limit.tokens - root!.spent.tokens);
    expect(Math.round(usd * 1e6)).toBe(this.#limit.micro - root!.spent.micro);
  }
}

describe("BudgetAccount", () => {
  test("counts everything that is spent below it at once, lets nobody overspend, and gets back what is left", () => {
    fc.assert(
      fc.property(fc.record({ turns: counts, tokens: counts, micro: counts }), fc.array(steps, { maxLength: 60 }), (limit, all) => {
        const books = new Bookkeeper(limit);
        for (const step of all) {
          books.carryOut(step);
          books.check();
        }
        books.checkAtTheEnd();
      }),
      { numRuns: 500 },
    );
  });

  test("asks its parent for what it does not limit itself", () => {
    const parent = new BudgetAccount({ tokens: 10 });
    const child = new BudgetAccount({ usd: 1 }, parent);
    expect(child.left()).toEqual({ turns: Infinity, tokens: 10, usd: 1 });
    child.reserve({ tokens: 10 });
    expect(() => child.reserve({ tokens: 1 })).toThrow("budget exhausted: 1 tokens wanted, 0 left");
    expect(parent.left().tokens).toBe(0);
  });

  test("sets nothing aside when one dimension has no room", () => {
    const parent = new BudgetAccount({ tokens: 10 });
    const child = new BudgetAccount({ usd: 1 }, parent);
    expect(() => child.reserve({ tokens: 11, usd: 0.5 })).toThrow(BudgetExhaustedError);
    expect(() => child.reserve({ tokens: 5, usd: 1.5 })).toThrow(BudgetExhaustedError);
    expect(child.left()).toEqual({ turns: Infinity, tokens: 10, usd: 1 });
  });

  test("cannot be opened when the parent has no room for it", () => {
    const parent = new BudgetAccount({ tokens: 10 });
    expect(new BudgetAccount({ tokens: 6 }, parent).left().tokens).toBe(6);
    expect(() => new BudgetAccount({ tokens: 5 }, parent)).toThrow(BudgetExhaustedError);
    expect(parent.left().tokens).toBe(4);
  });

  test("charges more than its worst case in full, up to the top", () => {
    const parent = new BudgetAccount({ tokens: 100 });
    const child = new BudgetAccount({ tokens: 10 }, parent);
    child.reserve({ tokens: 5 }).settle({ tokens: 25 });
    expect([child.spent().tokens, child.left().tokens]).toEqual([25, 0]);
    expect([parent.spent().tokens, parent.left().tokens]).toEqual([25, 75]);
    expect(() => child.spendTurn()).not.toThrow();
    expect(() => child.reserve({ tokens: 1 })).toThrow(BudgetExhaustedError);
    child.close();
    expect(parent.left().tokens).toBe(75);
  });

  test("keeps aside what is under way when it is closed, until that is settled", () => {
    const parent = new BudgetAccount({ tokens: 100 });
    const child = new BudgetAccount({ tokens: 50 }, parent);
    const call = child.reserve({ tokens: 20 });
    child.close();
    expect(parent.left().tokens).toBe(80);
    call.settle({ tokens: 5 });
    expect(parent.left().tokens).toBe(95);
    const late = child.reserve({ tokens: 10 });
    expect(parent.left().tokens).toBe(85);
    late.keep();
    expect(parent.spent().tokens).toBe(15);
  });

  test.each([{ tokens: -1 }, { tokens: Number.NaN }, { tokens: Infinity }, { usd: -0.5 }, { usd: Number.NaN }])(
    "refuses the amount %o, which would make room",
    (amount) => {
      const account = new BudgetAccount({ tokens: 10, usd: 1 });
      expect(() => account.reserve(amount)).toThrow(RangeError);
      const call = account.reserve({ tokens: 1 });
      expect(() => call.settle(amount)).toThrow(RangeError);
      expect(account.left()).toEqual({ turns: Infinity, tokens: 9, usd: 1 });
      call.keep();
      expect(account.spent().tokens).toBe(1);
    },
  );
});

describe("unlimited", () => {
  test("lets everything pass and keeps no books", () => {
    const call = unlimited.reserve({ tokens: 1e9 });
    call.settle({ tokens: 1e9 });
    call.keep();
    expect(unlimited.left()).toEqual({ turns: Infinity, tokens: Infinity, usd: Infinity });
    expect(unlimited.spent()).toEqual({ turns: 0, tokens: 0, usd: 0 });
  });
});

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

describe("wall time", () => {
  test("ends the actor when it is over, also in the middle of a turn's commit", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { budget: { wallMs: 1_000 } });
    await world.clock.advance(999);
    expect(world.exits()).toEqual([]);
    await world.clock.advance(1);
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "budget-exhausted", kind: "wall", address: "/m" } }]);
    expect(world.failures()).toHaveLength(1);
  });

  test("goes on over restarts, and refuses those that come after it", async () => {
    await using world = startWorld();
    const spec = { ...restarted, budget: { wallMs: 10_000 }, backoff: { minMs: 6_000, factor: 1, jitter: 0 } };
    await world.start(makePuppet().logic, spec);
    await world.tell(die);
    await world.clock.advance(6_000);
    expect(world.node()).toMatchObject({ incarnation: 2 });
    await world.tell(die);
    await world.clock.advance(6_000);
    expect(world.exits().map((exit) => "failure" in exit && exit.failure.class)).toEqual(["crash", "crash", "budget-exhausted"]);
    expect(world.node()).toBeUndefined();
  });

  test("of a supervisor ends its children first, in order, and is not its children's failure", async () => {
    await using world = startWorld();
    const order: string[] = [];
    const child = (id: string) => ({ id, logic: makePuppet({ terminate: () => void order.push(id) }).logic });
    await world.start(supervisor({ children: [child("a"), child("b")] }), { id: "s", budget: { wallMs: 1_000 } });
    await world.clock.advance(1_000);
    expect(order).toEqual(["b", "a"]);
    expect(world.exits("/s/a")).toEqual([{ kind: "shutdown" }]);
    expect(world.exits("/s")).toMatchObject([{ kind: "failure", failure: { class: "budget-exhausted", kind: "wall", address: "/s" } }]);
    expect(world.of("actor-failed").map(({ address }) => address)).toEqual(["/s"]);
  });

  test("of a supervisor without time to stop kills its children", async () => {
    await using world = startWorld();
    const child = { id: "a", logic: makePuppet({ terminate: () => expect.fail("there is no time") }).logic };
    await world.start(supervisor({ children: [child] }), { id: "s", shutdownMs: "brutal-kill", budget: { wallMs: 1_000 } });
    await world.clock.advance(1_000);
    expect(world.exits("/s/a")).toEqual([{ kind: "killed" }]);
    expect(world.exits("/s")).toMatchObject([{ kind: "failure", failure: { kind: "wall" } }]);
  });

  test("of a supervisor that is being stopped already changes nothing", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<void>();
    const child = { id: "a", logic: makePuppet({ terminate: () => promise }).logic, shutdownMs: "infinity" as const };
    await world.start(supervisor({ children: [child] }), { id: "s", budget: { wallMs: 1_000 } });
    const stopped = world.system.stop("/s");
    await world.clock.advance(1_000);
    expect(world.of("actor-failed")).toEqual([]);
    resolve();
    await stopped;
    expect(world.exits("/s")).toEqual([{ kind: "shutdown" }]);
  });

  test("ends a start that takes longer", async () => {
    await using world = startWorld();
    const logic = plain<number, never>({ init: () => Promise.withResolvers<number>().promise, receive: (state) => state });
    const refused = expect(world.start(logic, { budget: { wallMs: 1_000 } })).rejects.toMatchObject({ code: "start-failed" });
    await world.clock.advance(1_000);
    await refused;
    expect(world.exits()).toMatchObject([{ failure: { kind: "wall" } }]);
  });

  test("leaves no timer behind when the actor ends before", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { budget: { wallMs: 1_000 } });
    await world.system.stop("/m");
    expect(world.system.open.timers).toBe(0);
  });
});
