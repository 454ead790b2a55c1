/** An error that one process hears of and another one acts on: a supervisor decides alike in both. */
import {
  BudgetExhaustedError,
  ExpectedError,
  FailureError,
  MailboxFullError,
  SupervisorCallError,
  toFailure,
  type Failure,
} from "@orgtree/core";
import { fromWork, machine, plain } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { fromCallback, setup, type AnyStateMachine } from "xstate";
import { World } from "./world.ts";

class LowTideError extends ExpectedError {
  override readonly name = "LowTideError";
  readonly retryable = true;
  readonly depthM = 2;

  override get failureClass(): "tool-error" {
    return "tool-error";
  }

  override get failureKind(): string {
    return "tide";
  }
}

const errors: Readonly<Record<string, () => Error>> = {
  "a budget that is exhausted": () => new BudgetExhaustedError("tokens", 10, 3),
  "a full mailbox": () => new MailboxFullError("/c", 5),
  "a class of one's own": () => new LowTideError("the tide is low", { cause: new BudgetExhaustedError("usd", 2, 1) }),
  "a failure": () => new FailureError({ class: "model-error", kind: "rate-limit", message: "slow down", detail: { retryAfterMs: 2_000 } }),
  "a failure of somebody else": () => new FailureError({ class: "loop", name: "Looping", message: "again", address: "/c" }),
  "a call of a supervisor": () =>
    new SupervisorCallError("start-failed", "c", { problem: "no", failure: toFailure(new BudgetExhaustedError("wall", 1, 0)) }),
  "any other error": () => new TypeError("no"),
};
const each = Object.keys(errors);

/** Refuses what it is asked, with the error of that name. */
const clerk = plain<null, string>({
  init: () => null,
  receive(state, message, turn) {
    if (message === "leave") turn.exit();
    else turn.refuse(errors[message]!());
    return state;
  },
});

/** Fails with what its question failed with. */
const boss = plain<null, string>({
  init: () => null,
  receive(state, message, turn) {
    turn.ask("/clerk", message, { tag: "question", timeoutMs: 600_000 });
    return state;
  },
  signal(state, signal) {
    if (signal.type === "orgtree.ask-failed") throw signal.error;
    return state;
  },
});

const failuresIn = (world: World): readonly Failure[] =>
  world.events.flatMap((event) => (event.type === "actor-failed" ? [event.failure] : []));

async function boot(world: World, ids: readonly string[]): Promise<void> {
  for (const id of ids) await world.start({ id, logic: id === "clerk" ? clerk : boss, restart: "temporary" });
}

/** How the asker fails; before it has stored that it heard the answer, its process may die. */
async function failureOf(what: string, afterCrash?: (world: World) => Promise<void>): Promise<Failure> {
  const world = new World();
  await boot(world, ["clerk", "boss"]);
  if (afterCrash !== undefined) world.file.freezeAfter(1, ({ address }) => address === "/boss");
  await world.tell("/boss", what);
  if (afterCrash !== undefined) {
    world.file.thaw();
    await world.crash();
    await afterCrash(world);
  }
  const [failure, ...others] = failuresIn(world);
  expect(others).toEqual([]);
  return failure!;
}

describe("whoever is refused an answer fails alike in another process", () => {
  test.each(each)("that asks again: %s", async (what) => {
    const failure = await failureOf(what);
    const { class: itsClass, kind } = toFailure(errors[what]!());
    expect(failure).toMatchObject({ class: itsClass, kind });
    expect(await failureOf(what, (world) => boot(world, ["clerk", "boss"]))).toEqual(failure);
    expect(await failureOf(what, (world) => boot(world, ["boss", "clerk"]))).toEqual(failure);
  });

  test.each(each)("in which whoever answered has ended: %s", async (what) => {
    const heard = await failureOf(what, async (world) => {
      await boot(world, ["clerk"]);
      await world.tell("/clerk", "leave");
      expect(world.system.tree().children).toEqual([]);
      await boot(world, ["boss"]);
    });
    expect(heard).toEqual(await failureOf(what));
  });
});

/** What a machine needs that could end. */
const ends = { initial: "up", on: { END: ".over" }, states: { up: {}, over: { type: "final" } } } as const;

describe("a machine whose child fails", () => {
  test.each(each)("fails alike in another process that hears of it: %s", async (what) => {
    const work = fromWork({ kind: "idempotent", run: () => Promise.reject(errors[what]!()) });
    const ear = fromCallback(() => {});
    // The other one is stopped when the child fails: so that is one turn, and the failure of the machine the next.
    const kid = setup({ actors: { work, ear } }).createMachine({ invoke: [{ src: "work" }, { src: "ear" }], ...ends });
    const parent = setup({ actors: { kid } }).createMachine({ invoke: { src: "kid" }, ...ends });
    const spec = { id: "m", logic: machine(parent as unknown as AnyStateMachine), restart: "temporary" } as const;
    const failures: Failure[] = [];
    // The process dies behind each of its records in turn, until there is none to die behind.
    for (let stored = 1, isWhole = false; !isWhole; stored++) {
      const world = new World();
      world.file.left = stored;
      world.system.start(spec).catch(() => {});
      await world.clock.settle();
      isWhole = failuresIn(world).length > 0;
      world.file.left = Infinity;
      if (!isWhole) {
        await world.crash();
        await world.start(spec);
        await world.clock.settle();
      }
      failures.push(...failuresIn(world));
    }
    expect(failures.length).toBeGreaterThan(3);
    expect(new Set(failures.map((failure) => JSON.stringify(failure))).size).toBe(1);
    const { class: itsClass, kind, name, message } = toFailure(errors[what]!());
    expect(failures[0]).toMatchObject({ class: itsClass, kind, name, message });
  });
});
