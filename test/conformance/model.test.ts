/**
 * Random trees of one or two levels under random orders, calls and passing time: the real supervisors do what the
 * reference model does, start for start and end for end. The seed of a failing run is printed by fast-check.
 */
import type { ChildSpec, FailureClass, OnFailure, SupervisorSpec } from "@orgtree/core";
import { MemoryJournal } from "@orgtree/journal";
import { supervisor, type Logic, type SupervisorHandle } from "@orgtree/runtime";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isElsewhere } from "../support/elsewhere.ts";
import { startTree, type Tree } from "../support/start-tree.ts";
import { die, exit, fail, scriptedWorker, type Order } from "../support/workers.ts";
import { Model } from "./reference-model.ts";
import type { Answers, Flags, Ladder, Plan, TeamPlan, Word, WorkerPlan } from "./reference-plan.ts";
import type { Supervisor } from "./reference-supervisor.ts";

const orders: Record<Word, Order> = {
  die,
  killed: exit("killed"),
  loop: fail("loop"),
  overload: fail("overload"),
  normal: exit("normal"),
  shutdown: exit("shutdown"),
};

// What may happen

const resumes: Ladder = [{ directive: "resume", times: 1 }, { directive: "restart" }];
const stops: Ladder = [{ directive: "restart", times: 1 }, { directive: "stop" }];
const menu: readonly Answers[] = [
  {},
  {},
  { loop: stops, overload: [{ directive: "escalate" }] },
  { crash: resumes },
  { crash: stops, loop: [{ directive: "stop" }] },
  { crash: [{ directive: "restart", times: 1 }, { directive: "escalate" }] },
];

const anyPlan = {
  restart: fc.constantFrom("permanent" as const, "permanent" as const, "transient" as const, "temporary" as const),
  significant: fc.boolean(),
  backoffMs: fc.constantFrom(undefined, undefined, 10, 50),
  answers: fc.constantFrom(...menu),
};
const starts = fc.oneof(
  { weight: 5, arbitrary: fc.constant(["ok" as const]) },
  {
    weight: 2,
    arbitrary: fc.array(fc.constantFrom("ok" as const, "ok" as const, "fail" as const, "ignore" as const), { minLength: 1, maxLength: 5 }),
  },
);
const workerPlan: fc.Arbitrary<WorkerPlan> = fc.record({ kind: fc.constant("worker" as const), id: fc.constant(""), ...anyPlan, starts });
const flags: fc.Arbitrary<Flags> = fc.record({
  strategy: fc.constantFrom("one-for-one" as const, "one-for-all" as const, "rest-for-one" as const, "dynamic" as const),
  maxRestarts: fc.constantFrom(0, 1, 2, 3, 5, 10, 20, 50),
  periodMs: fc.constantFrom(20, 100, 1_000),
  autoShutdown: fc.constantFrom("never" as const, "never" as const, "any-significant" as const, "all-significant" as const),
});
const teamPlan: fc.Arbitrary<TeamPlan> = fc.record({
  kind: fc.constant("team" as const),
  id: fc.constant(""),
  ...anyPlan,
  flags,
  children: fc.array(workerPlan, { maxLength: 3, size: "max" }),
});
const plan: fc.Arbitrary<Plan> = fc.oneof({ weight: 2, arbitrary: workerPlan }, { weight: 1, arbitrary: teamPlan });

type Move =
  | { readonly kind: "tell"; readonly words: readonly { readonly at: number; readonly word: Word }[] }
  | { readonly kind: "call"; readonly call: "start" | "terminate" | "restart" | "delete"; readonly at: number; readonly plan: WorkerPlan }
  | { readonly kind: "change"; readonly flags: Flags }
  | { readonly kind: "advance"; readonly ms: number };

const word = fc.constantFrom<Word[]>("die", "die", "die", "killed", "loop", "overload", "normal", "shutdown");
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("tell" as const),
      words: fc.array(fc.record({ at: fc.nat(99), word }), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("call" as const),
      call: fc.constantFrom("start" as const, "terminate" as const, "restart" as const, "delete" as const),
      at: fc.nat(99),
      plan: workerPlan,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("change" as const), flags }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.constantFrom(1, 10, 20, 50, 100, 101, 400, 1_001) }) },
);

/** Names the children, and takes from them what their supervisor would refuse. */
function named<P extends Plan>(plans: readonly P[], given: Flags, prefix: string): readonly P[] {
  return plans.map((child, at) => legal({ ...child, id: `${prefix}${at}` }, given));
}

function legal<P extends Plan>(child: P, given: Flags): P {
  const significant = child.significant && child.restart !== "permanent" && given.autoShutdown !== "never" && given.strategy !== "dynamic";
  if (child.kind === "worker") return { ...child, significant };
  const own = legalFlags(child.flags);
  return { ...child, significant, flags: own, children: own.strategy === "dynamic" ? [] : named(child.children, own, "x") };
}

/** With a journal in between, two supervisors whose timers are due at once work in turns: here only one of them waits. */
function oneAtATime(child: Plan): Plan {
  if (child.kind === "worker") return child;
  return { ...child, backoffMs: undefined, children: child.children.map((worker) => ({ ...worker, backoffMs: undefined })) };
}

function legalFlags(given: Flags): Flags {
  return given.strategy === "dynamic" ? { ...given, autoShutdown: "never" } : given;
}

// The same, for the real one

/** Scripts belong to places, not to lives: each place keeps the one that it had first. */
type Logics = Map<string, { readonly logic: Logic; readonly starts: WorkerPlan["starts"] }>;

function specOf(child: Plan, path: string, logics: Logics): ChildSpec<Logic> {
  const { id, restart, significant, backoffMs, answers } = child;
  const backoff = backoffMs === undefined ? undefined : { minMs: backoffMs, maxMs: 8 * backoffMs, jitter: 0, resetAfterMs: 2 * backoffMs };
  const onFailure = Object.fromEntries(
    Object.entries(answers).map(([failureClass, ladder]) => [failureClass as FailureClass, rungsOf(ladder)]),
  ) as OnFailure;
  return {
    id,
    restart,
    significant,
    backoff,
    onFailure,
    logic: child.kind === "team" ? supervisor(supervisorSpec(child.flags, child.children, { path, logics })) : logicOf(child, path, logics),
  };
}

function rungsOf(ladder: Ladder): { directive: Ladder[number]["directive"]; intensity?: { maxRestarts: number; periodMs: number } }[] {
  return ladder.map(({ directive, times }) =>
    times === undefined ? { directive } : { directive, intensity: { maxRestarts: times, periodMs: 100 } },
  );
}

function logicOf(child: WorkerPlan, path: string, logics: Logics): Logic {
  const known = logics.get(path) ?? { logic: scriptedWorker(...child.starts), starts: child.starts };
  logics.set(path, known);
  return known.logic;
}

function supervisorSpec(given: Flags, children: readonly Plan[], place: { path: string; logics: Logics }): SupervisorSpec<Logic> {
  const { strategy, maxRestarts, periodMs, autoShutdown } = given;
  const specs = children.map((child) => specOf(child, `${place.path}/${child.id}`, place.logics));
  return { strategy, intensity: { maxRestarts, periodMs }, autoShutdown, ...(strategy === "dynamic" ? {} : { children: specs }) };
}

/** Both, side by side. */
class Pair {
  readonly tree: Tree;
  readonly model: Model;
  readonly logics: Logics;
  readonly #plans: readonly Plan[];
  readonly #durable: boolean;

  constructor(tree: Tree, model: Model, given: { plans: readonly Plan[]; logics: Logics; durable: boolean }) {
    this.tree = tree;
    this.model = model;
    this.#plans = given.plans;
    this.#durable = given.durable;
    this.logics = given.logics;
  }

  async make(next: Move): Promise<void> {
    switch (next.kind) {
      case "tell": {
        const workers = this.model.top.workers();
        const told = new Map(next.words.map(({ at, word: said }) => [workers[at % Math.max(1, workers.length)] ?? "nobody", said]));
        // A journal changes who is first when an order waits for a restart, so there none waits.
        for (const path of told.keys()) if (this.#durable && !this.model.top.isRunning(path)) told.delete(path);
        for (const [path, said] of told) this.model.top.tell(path, said);
        this.model.settle();
        return this.tree.order(...[...told].map(([path, said]) => [path, orders[said]] as const));
      }
      case "advance":
        this.model.advance(next.ms);
        return this.tree.clock.advance(next.ms);
      case "change":
        return this.#change(legalFlags(next.flags));
      case "call":
        return this.#call(next);
      default:
        return next satisfies never;
    }
  }

  async #change(given: Flags): Promise<void> {
    const { top } = this.model;
    if ((given.strategy === "dynamic") !== (top.flags.strategy === "dynamic")) return;
    const plans = top.flags.strategy === "dynamic" ? [] : this.#plans.map((child) => legal(child, given));
    top.changeFlags(given, plans);
    await this.tree.sup.changeSpec(supervisorSpec(given, plans, { path: "/sup", logics: this.logics }));
  }

  async #call(next: Move & { kind: "call" }): Promise<void> {
    const teams = this.model.top.children.filter(({ status, team }) => status === "running" && team !== undefined);
    const chosen = next.at % 3 === 0 ? teams[next.at % Math.max(1, teams.length)] : undefined;
    const model: Supervisor = chosen?.team ?? this.model.top;
    const address = chosen === undefined ? ("/sup" as const) : (`/sup/${chosen.path}` as const);
    const real = this.tree.supervisor(address);
    const id = `${chosen === undefined ? "c" : "x"}${next.at % 5}`;
    const { backoffMs } = next.plan;
    const child = legal({ ...next.plan, id, backoffMs: this.#durable && chosen !== undefined ? undefined : backoffMs }, model.flags);
    const path = `${address}/${id}`;
    if (next.call === "start") return this.#start(child, path, { model, real });
    const expected = {
      terminate: () => model.terminateChild(id),
      restart: () => model.restartChild(id),
      delete: () => model.deleteChild(id),
    }[next.call]();
    const call = { terminate: () => real.terminateChild(id), restart: () => real.restartChild(id), delete: () => real.deleteChild(id) }[
      next.call
    ]();
    await this.#answered(`${next.call} ${id}`, call, expected);
  }

  start(child: Plan): Promise<void> {
    return this.#start(child, `/sup/${child.id}`, { model: this.model.top, real: this.tree.sup });
  }

  #start(child: Plan, path: string, under: { model: Supervisor; real: SupervisorHandle }): Promise<void> {
    const spec = specOf(child, path, this.logics);
    const same = child.kind === "team" ? child : { ...child, starts: this.logics.get(path)!.starts };
    const expected = under.model.startChild(same);
    return this.#answered(`start ${child.id}`, under.real.startChild(spec), expected);
  }

  async #answered(what: string, call: Promise<unknown>, expected: string): Promise<void> {
    this.model.settle();
    const answer = await call.then(
      () => "ok",
      (error: { code: string }) => error.code,
    );
    await this.tree.clock.settle();
    expect(`${what}: ${answer}`).toBe(`${what}: ${expected}`);
  }

  /** Dynamic children are stopped all at once, and whoever's journal is faster is gone first (rule 27). */
  #inOrder(lives: readonly string[]): readonly string[] {
    const isDynamic = [this.model.top.flags, ...this.#plans.map((child) => (child.kind === "team" ? child.flags : undefined))].some(
      (given) => given?.strategy === "dynamic",
    );
    return this.#durable && isDynamic ? lives.toSorted() : lives;
  }

  async compare(): Promise<void> {
    expect(this.#inOrder(this.tree.trace.lives())).toEqual(this.#inOrder(this.model.trace.splice(0)));
    expect(this.tree.exit?.kind).toBe(this.model.exit?.kind);
    if (this.model.exit !== undefined) return;
    expect(await this.tree.list()).toEqual(this.model.top.list());
    for (const { path, team, status } of this.model.top.children) {
      if (team === undefined || status !== "running") continue;
      const children = await this.tree.supervisor(`/sup/${path}`).listChildren();
      expect(children.map((child) => `${child.id} ${child.status}`)).toEqual(team.list());
    }
  }
}

interface Given {
  readonly flags: Flags;
  readonly children: readonly Plan[];
  readonly moves: readonly Move[];
  /** With a journal that takes a moment: each decision is committed before it is carried out. */
  readonly durable: boolean;
}

function oneByOne(next: Move): readonly Move[] {
  return next.kind === "tell" ? next.words.map((one) => ({ ...next, words: [one] })) : [next];
}

async function run({ durable: hasJournal, ...drawn }: Given): Promise<void> {
  // Between two systems news takes its time, as it does with a journal in between.
  const given: Given = { ...drawn, durable: hasJournal || isElsewhere };
  const own = legalFlags(given.flags);
  const plans = named(given.durable ? given.children.map(oneAtATime) : given.children, own, "c");
  const logics: Logics = new Map();
  const initial = own.strategy === "dynamic" ? [] : plans;
  const model = new Model(own, initial);
  const isUp = model.top.start();
  model.trace.length = 0;
  const spec = supervisorSpec(own, initial, { path: "/sup", logics });
  const commit = hasJournal ? { journal: new MemoryJournal() } : {};
  if (!isUp) {
    await expect(startTree(spec, commit)).rejects.toThrow(/failed to start/u);
    return;
  }
  await using tree = await startTree(spec, commit);
  const pair = new Pair(tree, model, { plans, logics, durable: given.durable });
  if (own.strategy === "dynamic") for (const child of plans) await pair.start(child);
  // Nor are several told at once.
  const moves = given.durable ? given.moves.flatMap(oneByOne) : given.moves;
  for (const next of moves) {
    await pair.make(next);
    await pair.compare();
    if (model.exit !== undefined) return;
  }
  model.top.stop();
  await tree.stop();
  await pair.compare();
}

/** An order waits for the restart of a worker in whose place a changed spec has a supervisor. */
function orderedBeforeChange(): Given {
  const given: Flags = { strategy: "one-for-one", maxRestarts: 0, periodMs: 20, autoShutdown: "never" };
  const any = { id: "", significant: false, backoffMs: undefined, answers: {} } as const;
  const worker: WorkerPlan = { ...any, kind: "worker", restart: "permanent", starts: ["ok"] };
  const start = (child: WorkerPlan): Move => ({ kind: "call", call: "start", at: 0, plan: child });
  const dies: Move = { kind: "tell", words: [{ at: 0, word: "die" }] };
  const change: Move = { kind: "change", flags: { ...given, maxRestarts: 20 } };
  const moves: Move[] = [start(worker), dies, start({ ...worker, backoffMs: 10 }), dies, dies, change, { kind: "advance", ms: 50 }];
  return { flags: given, children: [{ ...any, kind: "team", restart: "temporary", flags: given, children: [] }], moves, durable: false };
}

test("real supervisors do what the reference model does", { timeout: 600_000 }, async () => {
  const anyRun = fc.record({
    flags,
    children: fc.array(plan, { maxLength: 4, size: "max" }),
    moves: fc.array(move, { maxLength: 40, size: "max" }),
    durable: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(anyRun, run), {
    numRuns: Number(process.env["RUNS"] ?? (isElsewhere ? 50 : 200)),
    examples: [[orderedBeforeChange()]],
  });
});
