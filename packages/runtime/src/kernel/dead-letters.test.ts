import { MessageRefusedError, type Address, type ChildSpec, type DeadLetter, type Strategy, type SystemEvent } from "@orgtree/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createActorSystem, type ActorSystem } from "../actor-system.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { Logic } from "../logic.ts";
import { machineOf, startWorld } from "../machine/machine.fixture.ts";
import { plain } from "../actor/plain.ts";
import { Commits, createStoringSystem } from "../actor/commits.fixture.ts";
import { makeDeafPuppet, makePuppet, type Order } from "../actor/plain.fixture.ts";
import type { Signal } from "../actor/signal.ts";
import { supervisor } from "../supervisor/supervisor.ts";
import type { Turn } from "../actor/turn.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import { VirtualClock } from "../time/virtual-clock.ts";

const ids = ["a", "b", "c"] as const;

/** What a message makes of the turn that takes it. */
interface Plan {
  readonly act: "nothing" | "die" | "exit" | "kill" | "postpone" | "unstash";
  readonly tells: readonly { readonly to: Address; readonly plan: Plan }[];
}

/** A message, numbered when it is sent. */
interface Numbered {
  readonly number: number;
  readonly plan: Plan;
}

/** What is done to the system from outside. */
type Step =
  | { readonly kind: "tell" | "ask"; readonly to: Address; readonly plan: Plan }
  | { readonly kind: "stop"; readonly address: Address }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "settle" | "hold" | "release" }
  | { readonly kind: "decide"; readonly accepts: boolean };

interface Program {
  readonly strategy: Exclude<Strategy, "dynamic">;
  readonly children: readonly Omit<ChildSpec<Logic>, "id" | "logic">[];
  readonly deaf: readonly boolean[];
  readonly durable: boolean;
  readonly steps: readonly Step[];
}

const addresses = fc.constantFrom<Address>("/s/a", "/s/b", "/s/c", "/s/nobody");
const acts = fc.oneof(
  { weight: 6, arbitrary: fc.constant("nothing" as const) },
  { weight: 4, arbitrary: fc.constantFrom("die" as const, "exit" as const, "kill" as const, "postpone" as const, "unstash" as const) },
);
const { plan } = fc.letrec<{ plan: Plan }>((tie) => ({
  plan: fc.record({
    act: acts,
    tells: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constant([]),
      fc.array(fc.record({ to: addresses, plan: tie("plan") }), { maxLength: 3, size: "max" }),
    ),
  }),
}));

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom("tell" as const, "ask" as const), to: addresses, plan }) },
  { weight: 3, arbitrary: fc.constant({ kind: "settle" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stop" as const), address: fc.constantFrom<Address>("/s/a", "/s/b", "/s") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.constantFrom(1, 50, 1_000) }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "hold" as const }, { kind: "release" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("decide" as const), accepts: fc.boolean() }) },
);

const children = fc.record({
  restart: fc.constantFrom("permanent" as const, "permanent" as const, "transient" as const, "temporary" as const),
  mailbox: fc.integer({ min: 1, max: 4 }),
  backoff: fc.constantFrom(undefined, { minMs: 20, jitter: 0 }),
  onFailure: fc.constantFrom(undefined, { crash: "resume" as const }),
});

const programs: fc.Arbitrary<Program> = fc.record({
  strategy: fc.constantFrom("one-for-one" as const, "one-for-all" as const, "rest-for-one" as const),
  children: fc.tuple(children, children, children),
  deaf: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
  durable: fc.boolean(),
  steps: fc.array(steps, { maxLength: 60, size: "max" }),
});

/** Counts what was sent, and how each message ended. */
class Ledger {
  readonly #sent = new Set<number>();
  readonly #ends = new Map<number, string[]>();
  /** Questions without an answer. */
  readonly #open = new Set<number>();
  #last = 0;

  number(of: Plan): Numbered {
    return { number: ++this.#last, plan: of };
  }

  sent(number: number): void {
    this.#sent.add(number);
  }

  ended(number: number, how: string): void {
    this.#ends.set(number, [...(this.#ends.get(number) ?? []), how]);
  }

  asked(number: number, answer: Promise<unknown>): void {
    this.#open.add(number);
    const close = (): void => void this.#open.delete(number);
    answer.then(close, (error: Error) => {
      close();
      if (error.name === "MailboxFullError" || error.name === "UnknownRecipientError") this.ended(number, "kept by its sender");
    });
  }

  hear(event: SystemEvent): void {
    if (event.type === "dead-letter") this.#bury(event.letter);
    if (event.type !== "emitted") return;
    const { done, told, kept } = event.event as unknown as { done?: number; told?: readonly number[]; kept?: number };
    if (done !== undefined) this.ended(done, "processed");
    if (kept !== undefined) this.ended(kept, "kept by its sender");
    for (const number of told ?? []) this.sent(number);
  }

  #bury({ envelope, reason }: DeadLetter): void {
    const { number } = envelope.message as Partial<Numbered>;
    // Answers, and calls of supervisors, are not numbered.
    if (number !== undefined) this.ended(number, reason);
  }

  check(): void {
    const wrong: unknown[] = [];
    for (const number of this.#sent) if (this.#ends.get(number)?.length !== 1) wrong.push({ sent: number, ends: this.#ends.get(number) });
    for (const [number, ends] of this.#ends) {
      // What a turn would have sent had it not been cut off while it was committed.
      if (!this.#sent.has(number) && ends.join() !== "turn-aborted") wrong.push({ notSent: number, ends });
    }
    expect(wrong).toEqual([]);
    expect([...this.#open]).toEqual([]);
  }
}

function makeActor(ledger: Ledger, deaf: boolean): Logic {
  const receive = (_state: null, { number, plan: { act, tells } }: Numbered, turn: Turn): null => {
    const told = tells.map(({ to, plan: next }) => ({ to, message: ledger.number(next) }));
    turn.emit({ type: "turn", done: number, told: told.map(({ message }) => message.number) } as { type: string });
    for (const { to, message } of told) turn.tell(to, message);
    if (turn.replyTo !== undefined && number % 3 > 0) turn.reply(number);
    if (act === "die") throw new Error("it dies");
    if (act === "exit") turn.exit();
    if (act === "kill") turn.exit({ kind: "killed" });
    if (act === "postpone") turn.postpone();
    if (act === "unstash") turn.unstash();
    return null;
  };
  const signal = (_state: null, heard: Signal, turn: Turn): null => {
    if (heard.type === "orgtree.refused") turn.emit({ type: "kept", kept: (heard.message as Numbered).number } as { type: string });
    return null;
  };
  const parts = { init: () => null, receive };
  return plain<null, Numbered>(deaf ? parts : { ...parts, signal });
}

async function carryOut(step: Step, { system, clock, commits, ledger }: Run): Promise<void> {
  switch (step.kind) {
    case "tell": {
      const message = ledger.number(step.plan);
      try {
        system.tell(step.to, message);
        ledger.sent(message.number);
      } catch {
        // Refused: the caller keeps it.
      }
      return;
    }
    case "ask": {
      const message = ledger.number(step.plan);
      ledger.sent(message.number);
      ledger.asked(message.number, system.ask(step.to, message, { timeoutMs: 30 }));
      return;
    }
    case "stop":
      system.stop(step.address).catch(() => {});
      return;
    case "advance":
      return clock.advance(step.ms);
    case "settle":
      return clock.settle();
    case "hold":
      commits.holds = "all";
      return;
    case "release":
      return commits.release();
    case "decide": {
      const held = commits.held.shift();
      if (step.accepts) held?.accept();
      else held?.refuse();
      return;
    }
    default:
      return step satisfies never;
  }
}

interface Run {
  readonly system: ActorSystem;
  readonly clock: VirtualClock;
  readonly commits: Commits;
  readonly ledger: Ledger;
}

async function runProgram({ strategy, children: specs, deaf, durable, steps: all }: Program): Promise<void> {
  const ledger = new Ledger();
  const clock = new VirtualClock();
  const commits = new Commits();
  const options = { clock, freeze: true };
  const system = durable ? createStoringSystem(options, commits) : createActorSystem(options);
  const run: Run = { system, clock, commits, ledger };
  system.observe((event) => ledger.hear(event));
  const actors = ids.map((id, at) => Object.assign({ id, logic: makeActor(ledger, deaf[at]!) }, specs[at]));
  await system.start({ id: "s", logic: supervisor({ strategy, intensity: { maxRestarts: 5, periodMs: 1_000 }, children: actors }) });
  for (const step of all) await carryOut(step, run);
  commits.release();
  const closed = system.close();
  await clock.advance(60_000);
  await closed;
  ledger.check();
  expect(system.open).toEqual({ actors: 0, timers: 0, asks: 0 });
}

describe("every message", () => {
  test("ends processed, or kept by its sender, or as exactly one dead letter, and every ask is answered, whatever happens", async () => {
    await fc.assert(fc.asyncProperty(programs, runProgram), { numRuns: 200 });
  });
});

describe("a message that cannot be read", () => {
  const unreadable = {
    get type(): string {
      throw new Error("no");
    },
  };
  const machineLike = machineOf({ a: {} });

  test("is refused to a caller outside", async () => {
    await using world = startWorld();
    await world.start(machineLike);
    expect(() => world.system.tell("/m", unreadable)).toThrow(MessageRefusedError);
    await expect(world.system.ask("/m", unreadable)).rejects.toThrow(MessageRefusedError);
  });

  test("is a dead letter when an actor tells it a machine, and what the turn tells after it is not lost", async () => {
    await using world = startWorld();
    await world.start(machineLike);
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    const sender = makeDeafPuppet();
    await world.start(sender.logic, { id: "sender" });
    const order: Order = (turn) => {
      turn.tell("/m", unreadable);
      turn.tell("/other", "after it");
    };
    await world.tell(order, "/sender");
    expect(other.got).toEqual(["after it"]);
    expect(world.of("dead-letter").map(({ letter }) => [letter.reason, letter.envelope.to])).toEqual([["malformed", "/m"]]);
    expect(world.exits("/sender")).toEqual([]);
  });
});

test("What a turn published and did not send is a dead letter for each member", async () => {
  const commits = new Commits();
  await using world = startWorld({ store: commits });
  for (const id of ["a", "b"]) {
    await world.start(makePuppet().logic, { id });
    await world.tell(((turn) => turn.join("desk")) satisfies Order, `/${id}`);
  }
  await world.start(makePuppet().logic, { id: "c", shutdownMs: "brutal-kill" });
  commits.holds = "/c";
  await world.tell(((turn) => turn.publish("desk", "news")) satisfies Order, "/c");
  await world.system.stop("/c");
  const lost = world.of("dead-letter").map(({ letter }) => [letter.reason, letter.envelope.to]);
  expect(lost).toEqual([
    ["turn-aborted", "/a"],
    ["turn-aborted", "/b"],
    ["failed", "/c"],
  ]);
});

describe("a trace", () => {
  test("links a message from outside with all that it causes", async () => {
    const records: TurnRecord[] = [];
    await using world = startWorld({ store: { store: async (record) => void records.push(record) } });
    const puppets = { a: makePuppet(), b: makePuppet(), c: makePuppet() };
    for (const [id, { logic }] of Object.entries(puppets)) await world.start(logic, { id, restart: "permanent" });
    await world.tell(((turn) => turn.join("desk")) satisfies Order, "/b");
    await world.tell(((turn) => turn.watch("/c")) satisfies Order, "/b");
    records.length = 0;
    const busyness: Order = (turn) => {
      turn.tell("/b", ((other) => other.tell("/nobody", { type: "lost" })) satisfies Order);
      turn.ask("/b", ((other) => other.reply(1)) satisfies Order, { tag: "asked" });
      turn.ask("/b", "never answered", { tag: "late", timeoutMs: 20 });
      turn.publish("desk", "news");
      turn.setTimer("due", 10);
      turn.run("worked", async () => 1);
      turn.run("failed", async () => Promise.reject(new Error("no")));
      turn.watch("/nobody");
      turn.tell("/c", ((other) => other.exit()) satisfies Order);
    };
    world.system.tell("/a", busyness);
    world.system.tell("/a", "another trace");
    await world.clock.advance(20);
    const traces = new Set(records.filter(({ address }) => /^\/[ab]$/.test(address)).map(({ trace }) => trace));
    const [first, second] = records.filter(({ address }) => address === "/a").map(({ trace }) => trace);
    expect(traces).toEqual(new Set([first, second]));
    expect(records.filter(({ trace }) => trace === second)).toHaveLength(1);
    expect(puppets.a.heard.map(({ type }) => type).sort()).toEqual([
      "orgtree.ask-failed",
      "orgtree.done",
      "orgtree.down",
      "orgtree.failed",
      "orgtree.reply",
      "orgtree.timer",
    ]);
    expect(puppets.b.heard).toMatchObject([{ type: "orgtree.down", address: "/c" }]);
    expect(world.of("dead-letter").map(({ letter }) => letter.envelope.trace)).toEqual([first]);
  });

  test("is one for all that an initial step does", async () => {
    const records: TurnRecord[] = [];
    await using world = startWorld({ store: { store: async (record) => void records.push(record) } });
    await world.start(makePuppet().logic, { id: "other" });
    const { logic } = makePuppet({
      init: (_input, turn) => {
        turn.tell("/other", "one");
        turn.tell("/other", "two");
        turn.setTimer("due", 1);
        return 0;
      },
    });
    records.length = 0;
    await world.start(logic);
    await world.clock.advance(1);
    const init = records.find(({ cause, address }) => cause.type === "init" && address === "/m")!;
    const caused = records.filter(({ trace }) => trace === init.trace).map(({ address, cause }) => [address, cause.type]);
    expect(caused).toEqual([
      ["/m", "init"],
      ["/other", "message"],
      ["/other", "message"],
      ["/m", "orgtree.timer"],
    ]);
  });

  test("is new for every message from outside", async () => {
    await using world = startWorld();
    for (let number = 0; number < 3; number++) world.system.tell("/nobody", { type: "lost" });
    expect(new Set(world.of("dead-letter").map(({ letter }) => letter.envelope.trace)).size).toBe(3);
  });
});

describe("DeadLetters", () => {
  const letterOf = (number: number): DeadLetter => ({
    envelope: { to: "/a", from: undefined, message: number, trace: "1", replyTo: undefined, deadlineMs: Infinity },
    reason: number % 2 === 0 ? "stopped" : "failed",
    atMs: number,
  });

  test.each([0, 1, 3, 10])("keeps the newest %i, oldest first, and counts all", (keep) => {
    const letters = new DeadLetters(keep);
    for (let number = 0; number < 25; number++) {
      letters.add(letterOf(number));
      const kept = letters.list().map(({ atMs }) => atMs);
      expect(kept).toEqual(Array.from({ length: Math.min(keep, number + 1) }, (_, at) => number - Math.min(keep, number + 1) + 1 + at));
    }
    expect(letters.counts()).toEqual({ stopped: 13, failed: 12 });
  });
});
