import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChildSpec } from "./child-spec.ts";
import type { OnFailure } from "./directive.ts";
import { killedExit, shutdownExit, type Exit } from "../exit.ts";
import type { AutoShutdown, Strategy } from "./strategy.ts";
import type { SupervisionEvent, SupervisionStep, SupervisorCall } from "./supervision-state.ts";
import { makeSupervision } from "./supervision-state.ts";
import { supervise } from "./supervision.ts";
import { checkChildOf, checkSupervisorSpec, type CheckedSupervisorSpec } from "./supervisor-spec.ts";

const crash: Exit = { kind: "failure", failure: { class: "crash", name: "Error", message: "boom" } };
const exits: readonly Exit[] = [{ kind: "normal" }, shutdownExit, crash, killedExit];
const typeOf = (): "worker" => "worker";

/** What the test does next; `pick` chooses among what is there. */
interface Move {
  readonly kind:
    | "deliver"
    | "come-up"
    | "fail-to-start"
    | "ignore"
    | "end"
    | "fail"
    | "finish-stop"
    | "retry"
    | "call"
    | "advance"
    | "stop";
  readonly pick: number;
}

const move = fc.record<Move>({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Move["kind"]>("deliver") },
    { weight: 4, arbitrary: fc.constantFrom<Move["kind"][]>("come-up", "finish-stop", "end", "call") },
    { weight: 2, arbitrary: fc.constantFrom<Move["kind"][]>("fail-to-start", "fail", "retry", "advance") },
    { weight: 1, arbitrary: fc.constantFrom<Move["kind"][]>("ignore", "stop") },
  ),
  pick: fc.nat(1_000),
});

const child = fc.record({
  restart: fc.constantFrom("permanent" as const, "transient" as const, "temporary" as const),
  backsOff: fc.boolean(),
  mayResume: fc.boolean(),
  matters: fc.boolean(),
});

const setup = fc.record({
  strategy: fc.constantFrom<Strategy[]>("one-for-one", "one-for-all", "rest-for-one", "dynamic"),
  maxRestarts: fc.constantFrom(0, 1, 2, 5, 20),
  autoShutdown: fc.constantFrom<AutoShutdown[]>("never", "never", "any-significant", "all-significant"),
  children: fc.array(child, { maxLength: 4 }),
});

type Setup = typeof setup extends fc.Arbitrary<infer S> ? S : never;
type Process = "starting" | "up" | "suspended" | "stopping";

/**
 * The processes below one supervisor, by hand: whatever the supervisor orders or a process does takes effect at once, and
 * is heard of later, in any interleaving. This is what a journal between decision and deed makes of the real runtime.
 */
class World {
  readonly state;
  readonly processes = new Map<string, Process>();
  readonly inbox: SupervisionEvent[] = [];
  readonly retries: SupervisionEvent[] = [];
  readonly unanswered = new Set<number>();
  ended: Exit | undefined;
  isReady = false;
  #nowMs = 0;
  #asked = 0;
  #stopSeen = false;
  readonly #setup: Setup;

  constructor(given: Setup) {
    this.#setup = given;
    this.state = makeSupervision("/s", this.#supervisorSpec(given.children.map((_, at) => at)));
    this.inbox.push({ kind: "begin" });
    this.deliver();
  }

  get #flags(): { readonly strategy: Strategy; readonly autoShutdown: AutoShutdown } {
    const { strategy, autoShutdown } = this.#setup;
    return { strategy, autoShutdown: strategy === "dynamic" ? "never" : autoShutdown };
  }

  #supervisorSpec(order: readonly number[]): CheckedSupervisorSpec {
    const children = this.#setup.strategy === "dynamic" ? [] : order.map((at) => this.#spec(at));
    const intensity = { maxRestarts: this.#setup.maxRestarts, periodMs: 1_000 };
    return checkSupervisorSpec({ ...this.#flags, intensity, children }, "spec", typeOf);
  }

  #spec(at: number): ChildSpec {
    const { restart, backsOff, mayResume, matters } = this.#setup.children[at % this.#setup.children.length]!;
    const first = { directive: mayResume ? "resume" : "restart", intensity: { maxRestarts: 2, periodMs: 500 } } as const;
    const significant = matters && restart !== "permanent" && this.#flags.autoShutdown !== "never";
    const backoff = backsOff ? { minMs: 50, maxMs: 200 } : undefined;
    return { id: `c${at}`, logic: {}, restart, significant, onFailure: { crash: [first, { directive: "restart" }] }, backoff };
  }

  deliver(): void {
    const event = this.ended === undefined ? this.inbox.shift() : undefined;
    if (event === undefined) return;
    const before = this.state.table.size;
    this.#stopSeen ||= event.kind === "stop";
    const steps = supervise(this.state, event, { nowMs: this.#nowMs, random: { next: () => 0.5 } });
    for (const step of steps) this.#carryOut(step);
    if (this.#stopSeen) expect(this.state.table.size, "S2: the set of children only shrinks").toBeLessThanOrEqual(before);
    if (this.#setup.strategy !== "dynamic") expect(this.#underWay(), "S1: one at a time").toBeLessThanOrEqual(1);
  }

  #underWay(): number {
    return [...this.processes.values()].filter((process) => process === "starting" || process === "stopping").length;
  }

  #carryOut(step: SupervisionStep): void {
    switch (step.kind) {
      case "start":
        expect(this.#stopSeen, "S2: no start after a stop").toBe(false);
        expect(this.processes.has(step.id), `${step.id} is started twice`).toBe(false);
        this.processes.set(step.id, "starting");
        return;
      case "stop":
        return this.#stop(step.id);
      case "end":
        if (this.processes.get(step.id) === "suspended") this.#exit(step.id, crash);
        return;
      case "resume":
        if (this.processes.get(step.id) === "suspended") this.processes.set(step.id, "up");
        return;
      case "forget":
      case "drop":
        expect(this.processes.has(step.id), `${step.id} is forgotten while it lives`).toBe(false);
        return;
      case "schedule":
        this.retries.push({ kind: "retry", id: step.id, token: step.token });
        return;
      case "reply":
        expect(this.unanswered.delete(step.reply as number), "each call is answered once").toBe(true);
        return;
      case "exit":
        expect([...this.processes], "nobody is left behind").toEqual([]);
        this.ended = step.exit;
        return;
      case "ready":
        expect(this.isReady, "it is ready once").toBe(false);
        this.isReady = true;
        return;
      case "change-spec":
      case "rollback":
      case "brief-planner":
      case "ask-planner":
      case "cancel":
      case "remove":
      case "report":
      case "escalate-to-root":
        return;
      default:
        step satisfies never;
    }
  }

  #stop(id: string): void {
    const process = this.processes.get(id);
    if (process === "starting") this.#exit(id, shutdownExit);
    else if (process === "suspended") this.#exit(id, crash);
    else if (process === "up") this.processes.set(id, "stopping");
  }

  #exit(id: string, exit: Exit): void {
    this.processes.delete(id);
    this.inbox.push({ kind: "exited", id, exit });
  }

  #some(process: Process, pick: number): string | undefined {
    const ids = [...this.processes].filter(([, is]) => is === process).map(([id]) => id);
    return ids[pick % Math.max(1, ids.length)];
  }

  make({ kind, pick }: Move): void {
    if (kind === "deliver") return this.deliver();
    if (kind === "advance") this.#nowMs += pick % 400;
    else if (kind === "retry") this.inbox.push(...this.retries.splice(pick % Math.max(1, this.retries.length), 1));
    else if (kind === "stop") this.inbox.push({ kind: "stop", exit: shutdownExit });
    else if (kind === "call") this.#call(pick);
    else this.#live(kind, pick);
  }

  #live(kind: Move["kind"], pick: number): void {
    const id = this.#some(kind === "end" || kind === "fail" ? "up" : kind === "finish-stop" ? "stopping" : "starting", pick);
    if (id === undefined) return;
    if (kind === "end" || kind === "finish-stop") return this.#exit(id, exits[pick % exits.length]!);
    if (kind === "come-up" || kind === "fail") this.processes.set(id, kind === "fail" ? "suspended" : "up");
    else this.processes.delete(id);
    const failure = { class: "crash", name: "Error", message: "boom" } as const;
    if (kind === "come-up") this.inbox.push({ kind: "started", id, info: pick });
    else if (kind === "fail") this.inbox.push({ kind: "failed", id, failure });
    else if (kind === "ignore") this.inbox.push({ kind: "start-ignored", id });
    else this.inbox.push({ kind: "start-failed", id, failure });
  }

  #call(pick: number): void {
    const reply = ++this.#asked;
    this.unanswered.add(reply);
    this.inbox.push({ kind: "call", call: this.#anyCall(pick), reply });
  }

  #anyCall(pick: number): SupervisorCall {
    const id = `c${pick % 6}`;
    const known = this.#setup.children.length;
    switch (pick % 7) {
      case 0:
        return { kind: "list-children" };
      case 1:
        return { kind: "restart-child", id };
      case 2:
        return { kind: "delete-child", id };
      case 3:
        return { kind: "change-spec", spec: this.#supervisorSpec([...this.#setup.children.keys()].slice(pick % (known + 1)).reverse()) };
      case 4:
        if (known > 0)
          return { kind: "start-child", spec: checkChildOf(this.#flags, { ...this.#spec(pick % 6), id }, { field: "spec", typeOf }) };
        return { kind: "count-children" };
      default:
        return { kind: "terminate-child", id };
    }
  }

  /** Everything that is under way comes to its end: nothing may wait for something that never happens. */
  rest(): void {
    for (let round = 0; round < 2_000; round++) {
      const starting = this.#some("starting", 0);
      const stopping = this.#some("stopping", 0);
      if (this.inbox.length > 0) this.deliver();
      else if (starting !== undefined) this.#live("come-up", 0);
      else if (stopping !== undefined) this.#exit(stopping, shutdownExit);
      else return;
      if (this.ended !== undefined) return;
    }
    expect.fail("it does not come to rest");
  }
}

test("supervise comes to rest after any interleaving, with every call answered and every child accounted for", () => {
  fc.assert(
    fc.property(setup, fc.array(move, { maxLength: 120, size: "max" }), (given, moves) => {
      const world = new World(given);
      for (const next of moves) world.make(next);
      world.rest();
      for (const event of world.inbox) if (event.kind === "call") world.unanswered.delete(event.reply as number);
      expect([...world.unanswered], "calls without an answer").toEqual([]);
      if (world.ended !== undefined) return;
      expect(world.isReady, "it says when it is up").toBe(true);
      expect(world.state.operation, "nothing is under way").toBeUndefined();
      expect(world.state.queue.length + world.state.waiting.size, "nothing waits").toBe(0);
      for (const [id, row] of world.state.table) {
        const process = world.processes.get(id);
        expect(row.status === "running", `${id} is ${row.status}, its process ${process}`).toBe(process === "up");
        expect(row.retry !== undefined, `${id} is ${row.status}`).toBe(row.status === "restarting");
      }
      for (const id of world.processes.keys()) expect(world.state.table.has(id), `${id} has no row`).toBe(true);
    }),
    { numRuns: Number(process.env["RUNS"] ?? 1_000) },
  );
});

/** A supervisor of two children that run, and how it is driven. */
function pair(parts: { readonly strategy?: Strategy; readonly onFailure?: OnFailure } = {}) {
  const children = ["a", "b"].map((id) => ({ id, logic: {}, onFailure: parts.onFailure }));
  const intensity = { maxRestarts: 9, periodMs: 1_000 };
  const state = makeSupervision("/s", checkSupervisorSpec({ strategy: parts.strategy, intensity, children }, "spec", typeOf));
  const drive = (...events: SupervisionEvent[]): readonly string[] =>
    events
      .flatMap((event) => supervise(state, event, { nowMs: 0, random: { next: () => 0 } }))
      .filter(({ kind }) => kind !== "report")
      .map((step) => ("id" in step ? `${step.kind} ${step.id}` : step.kind));
  expect(drive({ kind: "begin" }, up("a"), up("b"))).toEqual(["start a", "start b", "ready"]);
  return { state, drive };
}

function up(id: string): SupervisionEvent {
  return { kind: "started", id, info: undefined };
}

describe("supervise", () => {
  test.each<SupervisionEvent>([
    { kind: "exited", id: "stranger", exit: crash },
    { kind: "failed", id: "stranger", failure: { class: "crash", name: "Error", message: "boom" } },
    { kind: "retry", id: "stranger", token: 1 },
    { kind: "retry", id: "a", token: 1 },
    { kind: "started", id: "stranger", info: undefined },
    { kind: "start-failed", id: "a", failure: { class: "crash", name: "Error", message: "boom" } },
  ])("takes no notice of an event that answers nothing: $kind of $id", (event) => {
    expect(pair().drive(event)).toEqual([]);
  });

  test("takes no notice of what a life says after its end", () => {
    const { drive } = pair();
    drive({ kind: "call", call: { kind: "terminate-child", id: "a" }, reply: 1 }, { kind: "exited", id: "a", exit: shutdownExit });
    expect(drive({ kind: "exited", id: "a", exit: crash })).toEqual([]);
    expect(drive({ kind: "failed", id: "a", failure: { class: "crash", name: "Error", message: "boom" } })).toEqual([]);
  });

  test.each([
    ["/s/a", ["reply"]],
    ["/s/a/below", ["reply"]],
    ["/s/b", ["stop a"]],
    ["/s/ab", ["stop a"]],
    ["/s", ["stop a"]],
    [undefined, ["stop a"]],
  ] as const)("puts a child back for who does not go back with it: %s", (from, steps) => {
    const call = { kind: "rollback-child", id: "a", to: undefined, from } as const;
    expect(pair().drive({ kind: "call", call, reply: 1 })).toEqual(steps);
  });

  test("forgets the answer to a failure of a life that was stopped for another reason", () => {
    const { drive } = pair({ strategy: "one-for-all", onFailure: { loop: "stop" } });
    const loop = { class: "loop", name: "Error", message: "again" } as const;
    expect(drive({ kind: "failed", id: "b", failure: loop })).toEqual(["end b"]);
    expect(drive({ kind: "exited", id: "a", exit: crash })).toEqual(["stop b"]);
    expect(drive({ kind: "exited", id: "b", exit: { kind: "failure", failure: loop } }, up("a"), up("b"))).toEqual(["start a", "start b"]);
    expect(drive({ kind: "exited", id: "b", exit: crash })).toEqual(["stop a"]);
  });

  test("drops the question of a suspended child that is being stopped: its next life has not asked", () => {
    const { drive } = pair({ strategy: "one-for-all", onFailure: { loop: "resume" } });
    drive({ kind: "exited", id: "a", exit: crash });
    const loop = { class: "loop", name: "Error", message: "again" } as const;
    expect(drive({ kind: "failed", id: "b", failure: loop })).toEqual([]);
    expect(drive({ kind: "exited", id: "b", exit: { kind: "failure", failure: loop } }, up("a"), up("b"))).toEqual(["start a", "start b"]);
  });
});
