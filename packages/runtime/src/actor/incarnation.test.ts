import { causeChain, FencedError, type Exit, type Failure } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { kernelOf } from "../actor-system.ts";
import { startWorld, type TestWorld } from "../machine/machine.fixture.ts";
import { Commits } from "./commits.fixture.ts";
import { ignore, plain } from "./plain.ts";
import { die, makePuppet, restarted, startHeldWorld, type Order } from "./plain.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";
import type { Turn } from "./turn.ts";

/** Stops `/m`, and looks whether that is over. */
function stop(world: TestWorld): { readonly over: boolean; readonly promise: Promise<void> } {
  const stopping = { over: false, promise: world.system.stop("/m").then(() => void (stopping.over = true)) };
  return stopping;
}

/** An initial step that waits for the test. */
function makeLateInit() {
  const { promise, resolve } = Promise.withResolvers<number | typeof ignore>();
  return { init: () => promise, resolve };
}

describe("a start", () => {
  test("is over when the initial step is, and gives what it said to whoever starts the child", async () => {
    await using world = startWorld();
    const { logic } = makePuppet({
      init: (input, turn) => {
        turn.info({ input });
        return 0;
      },
    });
    await world.start(supervisor({}), { id: "s" });
    const started = await world.system.supervisor("/s").startChild({ id: "a", logic, input: 7 });
    expect(started).toEqual({ address: "/s/a", info: { input: 7 } });
  });

  test("waits for an initial step that takes time, and takes no mail before", async () => {
    await using world = startWorld();
    const late = makeLateInit();
    const { logic, got } = makePuppet({ init: late.init });
    const started = world.start(logic);
    await world.clock.settle();
    await world.tell("early");
    expect(got).toEqual([]);
    expect(world.node()).toMatchObject({ status: "starting", mailbox: 1 });
    late.resolve(0);
    expect(await started).toBe("/m");
    await world.clock.settle();
    expect(got).toEqual(["early"]);
  });

  test("carries out what an initial step asked for before and after it waited", async () => {
    await using world = startWorld();
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    const late = makeLateInit();
    const { logic } = makePuppet({
      init: async (_input, turn) => {
        turn.tell("/other", "before");
        const state = await late.init();
        turn.tell("/other", "after");
        return state;
      },
    });
    const started = world.start(logic);
    await world.clock.settle();
    expect(other.got).toEqual([]);
    late.resolve(0);
    await started;
    await world.clock.settle();
    expect(other.got).toEqual(["before", "after"]);
  });

  test("fails with a timeout when it takes longer than startMs, and what comes after that counts no more", async () => {
    await using world = startWorld();
    const late = makeLateInit();
    let turnOfStart: Turn | undefined;
    const { logic } = makePuppet({
      init: (_input, turn) => {
        turnOfStart = turn;
        return late.init();
      },
    });
    const refused = expect(world.start(logic, { startMs: 100 })).rejects.toMatchObject({ code: "start-failed" });
    await world.clock.advance(100);
    await refused;
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "timeout", kind: "start" } }]);
    expect(() => turnOfStart!.tell("/m", 1)).toThrow("the turn of /m is over");
    late.resolve(0);
    await world.clock.settle();
    expect(world.system.tree().children).toEqual([]);
  });

  test.each<[string, () => Promise<number>]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
  ])("fails when the initial step %s, and leaves nothing of it", async (_what, init) => {
    await using world = startWorld();
    const { logic } = makePuppet({
      init: (_input, turn) => {
        turn.register("name");
        turn.emit({ type: "e" });
        turn.setTimer("tick", 1);
        return init();
      },
    });
    await expect(world.start(logic)).rejects.toMatchObject({ code: "start-failed" });
    expect(world.of("emitted")).toEqual([]);
    expect(world.system.whereis("name")).toBeUndefined();
    expect(world.system.open).toMatchObject({ actors: 1, timers: 0 });
  });

  test.each<[when: string, init: () => typeof ignore | Promise<typeof ignore>]>([
    ["at once", () => ignore],
    ["in time", () => Promise.resolve(ignore)],
  ])("is no failure when the child %s does not want to run", async (_when, init) => {
    await using world = startWorld();
    await world.start(supervisor({}), { id: "s" });
    const started = await world.system.supervisor("/s").startChild({ id: "a", logic: makePuppet({ init }).logic });
    expect(started).toEqual({ address: undefined, info: undefined });
    expect(world.of("actor-failed")).toEqual([]);
    expect(world.exits("/s/a")).toEqual([]);
    expect(world.system.tree().children[0]!.children).toMatchObject([{ status: "stopped" }]);
  });

  test("that is stopped ends at once, and what comes later counts no more", async () => {
    await using world = startWorld();
    const late = makeLateInit();
    const refused = expect(world.start(makePuppet({ init: late.init }).logic)).rejects.toMatchObject({ name: "SupervisorCallError" });
    await world.system.stop("/m");
    await refused;
    expect(world.exits()).toEqual([{ kind: "shutdown" }]);
    late.resolve(0);
    await world.clock.settle();
    expect(world.system.open).toMatchObject({ actors: 1, timers: 0 });
  });

  test("fails when a name of its initial step was taken while it waited", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { id: "other" });
    const late = makeLateInit();
    const { logic } = makePuppet({
      init: (_input, turn) => {
        turn.register("editor");
        return late.init();
      },
    });
    const started = world.start(logic);
    await world.tell(((turn) => turn.register("editor")) satisfies Order, "/other");
    late.resolve(0);
    await started;
    await world.clock.settle();
    expect(world.failures()).toMatchObject([{ name: "NameTakenError" }]);
    expect(world.system.whereis("editor")).toBe("/other");
  });
});

describe("an ordered stop", () => {
  test.each([
    ["nothing", undefined, { kind: "shutdown" }],
    ["an exit of its own", { kind: "normal", output: 7 } satisfies Exit, { kind: "normal", output: 7 }],
  ] as const)("runs terminate with the state and the exit; when that gives %s, so it ends", async (_what, own, exit) => {
    await using world = startWorld();
    const seen: unknown[] = [];
    const { logic } = makePuppet({ terminate: (...args) => (seen.push(args), own) });
    await world.start(logic);
    await world.tell("one turn");
    await world.system.stop("/m");
    expect(seen).toEqual([[1, { kind: "shutdown" }]]);
    expect(world.exits()).toEqual([exit]);
  });

  test("waits for a terminate that takes time, within shutdownMs", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<Exit | void>();
    await world.start(makePuppet({ terminate: () => promise }).logic, { shutdownMs: 100 });
    const stopping = stop(world);
    await world.clock.advance(99);
    expect(stopping.over).toBe(false);
    expect(world.node()).toMatchObject({ status: "stopping" });
    resolve();
    await stopping.promise;
    expect(world.exits()).toEqual([{ kind: "shutdown" }]);
    expect(world.system.open.timers).toBe(0);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("no"))],
  ])("ends as a failure when terminate %s", async (_what, terminate) => {
    await using world = startWorld();
    await world.start(makePuppet({ terminate }).logic);
    await world.system.stop("/m");
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { message: "no", address: "/m" } }]);
  });

  test("kills what has not stopped within shutdownMs, and a later end of terminate changes nothing", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<Exit | void>();
    await world.start(makePuppet({ terminate: () => promise }).logic, { shutdownMs: 100 });
    const stopping = stop(world);
    await world.clock.advance(100);
    await stopping.promise;
    resolve({ kind: "normal" });
    await world.clock.settle();
    expect(world.exits()).toEqual([{ kind: "killed" }]);
  });

  test("waits for ever when shutdownMs is infinity", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<Exit | void>();
    await world.start(makePuppet({ terminate: () => promise }).logic, { shutdownMs: "infinity" });
    const stopping = stop(world);
    await world.clock.advance(365 * 86_400_000);
    expect(stopping.over).toBe(false);
    resolve();
    await stopping.promise;
  });

  test.each([
    { shutdownMs: 0, ends: "at once", calls: 1, exit: { kind: "shutdown" } },
    { shutdownMs: 0, ends: "later", calls: 1, exit: { kind: "killed" } },
    { shutdownMs: "brutal-kill", ends: "at once", calls: 0, exit: { kind: "killed" } },
  ] as const)("with shutdownMs $shutdownMs and a terminate that ends $ends: $exit.kind", async ({ shutdownMs, ends, ...expected }) => {
    await using world = startWorld();
    let calls = 0;
    const terminate = (): void | Promise<void> => {
      calls++;
      return ends === "later" ? Promise.withResolvers<void>().promise : undefined;
    };
    await world.start(makePuppet({ terminate }).logic, { shutdownMs });
    await world.system.stop("/m");
    expect({ calls, exit: world.exits()[0] }).toEqual(expected);
  });

  test("comes before the rest of the mailbox, which becomes dead letters", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<void>();
    const { logic, got } = makePuppet({ terminate: () => promise });
    await world.start(logic);
    const stopping = stop(world);
    await world.clock.settle();
    await world.tell({ type: "late" });
    expect(got).toEqual([]);
    resolve();
    await stopping.promise;
    expect(world.letters()).toEqual(["stopped: late"]);
  });

  test("ends a suspended actor with its failure", async () => {
    await using world = startWorld();
    // Its supervisor is busy with another child, so it stays suspended.
    const { promise, resolve } = Promise.withResolvers<void>();
    const children = [
      { id: "m", logic: makePuppet().logic, onFailure: { crash: "resume" as const } },
      { id: "slow", logic: makePuppet({ terminate: () => promise }).logic },
    ];
    await world.start(supervisor({ children }), { id: "s" });
    const slow = Promise.allSettled([world.system.stop("/s/slow")]);
    await world.clock.settle();
    await world.tell(die, "/s/m");
    const stopped = world.system.stop("/s");
    await world.clock.settle();
    resolve();
    await Promise.all([slow, stopped]);
    expect(world.exits("/s/m")).toMatchObject([{ kind: "failure", failure: { message: "it dies" } }]);
  });
});

describe("what a logic makes of its end", () => {
  const noExits = [null, "later", {}, { kind: "gone" }, { kind: "failure" }, { kind: "failure", failure: "boom" }];

  test.each(noExits)("%j is no exit: the turn fails, and nothing else does", async (exit) => {
    await using world = startWorld();
    const { logic } = makePuppet();
    await world.start(logic, restarted);
    await world.tell(((turn) => turn.exit(exit as Exit)) satisfies Order);
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "crash", name: "TypeError" } }]);
    expect(world.node()).toMatchObject({ incarnation: 2, status: "running" });
  });

  test.each(noExits)("%j as the exit of terminate is a failure", async (exit) => {
    await using world = startWorld();
    await world.start(makePuppet({ terminate: () => exit as Exit }).logic, { id: "now" });
    await world.start(makePuppet({ terminate: async () => exit as Exit }).logic, { id: "soon" });
    await world.system.stop("/now");
    await world.system.stop("/soon");
    for (const id of ["/now", "/soon"] as const)
      expect(world.exits(id)).toMatchObject([{ kind: "failure", failure: { class: "crash", name: "TypeError" } }]);
  });

  test("a failure of no known class is a crash, and one that goes round in circles is cut", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const failure: Record<string, unknown> = { class: "__proto__", message: 7 };
    failure["cause"] = failure;
    await world.tell(((turn) => turn.exit({ kind: "failure", failure: failure as never })) satisfies Order);
    const [exit] = world.exits();
    expect(exit).toMatchObject({ failure: { class: "crash", name: "Failure", message: "no message was given" } });
    expect(causeChain((exit as { failure: Failure }).failure)).toHaveLength(64);
  });

  test("a clean-up that throws keeps nobody from hearing of the end", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, restarted);
    await world.tell(((turn) =>
      turn.run("work", ({ signal }) => {
        Object.defineProperty(signal, "dispatchEvent", { value: boom });
        return Promise.withResolvers<void>().promise;
      })) satisfies Order);
    const life = kernelOf(world.system).cells.get("/m")!.life!;
    life.body!.abort = boom;
    life.holdings.release = boom;
    await world.tell(die);
    expect(world.node()).toMatchObject({ incarnation: 2, status: "running" });
    expect(world.log.filter(({ message }) => message === "the clean-up of an actor threw")).toHaveLength(2);
  });

  test("a turn that gets past everything ends its actor, and nobody else", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, restarted);
    await world.start(makePuppet().logic, { id: "other" });
    const { mailbox } = kernelOf(world.system).cells.get("/m")!;
    Object.defineProperty(mailbox, "shift", { value: boom, configurable: true });
    world.system.tell("/m", "one");
    world.system.observe(() => Reflect.deleteProperty(mailbox, "shift"));
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "crash", message: "boom" } }]);
    expect(world.node("/other")).toMatchObject({ incarnation: 1, status: "running" });
    expect(world.node()).toMatchObject({ incarnation: 2, mailbox: 0 });
  });
});

describe("the number of a turn", () => {
  test("does not come twice at one address, whoever lives there", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    for (let count = 0; count < 3; count++) {
      await world.start(makePuppet().logic);
      await world.tell("one");
      await world.system.stop("/m");
    }
    const numbers = commits.of("/m").map(({ seq }) => seq);
    expect(numbers).toHaveLength(6);
    expect(new Set(numbers).size).toBe(6);
  });
});

describe("resume", () => {
  const resumed = { onFailure: { crash: "resume" as const } };

  test("keeps state, incarnation, timers and the rest of the mailbox; the message is a dead letter", async () => {
    await using world = startWorld();
    const { logic, got, heard } = makePuppet();
    await world.start(logic, resumed);
    world.system.tell("/m", ((turn) => turn.setTimer("tick", 10)) satisfies Order);
    world.system.tell("/m", die);
    world.system.tell("/m", "after");
    await world.clock.advance(10);
    expect(got).toEqual(["after"]);
    expect(heard).toEqual([{ type: "orgtree.timer", name: "tick" }]);
    expect(world.node()).toMatchObject({ incarnation: 1, status: "running" });
    expect(world.of("dead-letter")).toHaveLength(1);
    expect(world.exits()).toEqual([]);
  });

  test("goes on with what the turn still had to do, its end included", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    await world.start(makePuppet().logic, resumed);
    commits.holds = "all";
    await world.tell(((turn) => turn.register("name")) satisfies Order, "/other");
    // Fails when it is carried out: the name is taken by then.
    await world.tell(((turn) => {
      turn.register("name");
      turn.tell("/other", "pending");
      turn.exit({ kind: "normal", output: "last" });
    }) satisfies Order);
    commits.release();
    await world.clock.settle();
    expect(world.failures()).toMatchObject([{ name: "NameTakenError" }]);
    expect(other.got).toEqual(["pending"]);
    expect(world.exits()).toEqual([{ kind: "normal", output: "last" }]);
  });

  test("fails again when what is pending fails again", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    await world.start(makePuppet().logic, { id: "other" });
    await world.start(makePuppet().logic, resumed);
    commits.holds = "all";
    await world.tell(((turn) => ["one", "two"].forEach((name) => turn.register(name))) satisfies Order, "/other");
    await world.tell(((turn) => {
      for (const name of ["one", "two"]) turn.register(name);
      turn.emit({ type: "last" });
    }) satisfies Order);
    commits.release();
    await world.clock.settle();
    expect(world.failures()).toMatchObject([{ detail: { taken: "one" } }, { detail: { taken: "two" } }]);
    expect(world.of("emitted")).toHaveLength(1);
    expect(world.node()).toMatchObject({ status: "running" });
  });
});

describe("a turn that waits for its commit", () => {
  test("keeps everything else waiting, and shows nothing of itself", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    const other = makePuppet();
    const { logic, got, heard } = makePuppet();
    await world.start(other.logic, { id: "other" });
    await world.start(logic);
    await world.tell(((turn) => turn.setTimer("tick", 5)) satisfies Order);
    commits.holds = "all";
    await world.tell(((turn) => turn.tell("/other", "said")) satisfies Order);
    await world.tell("next");
    await world.clock.advance(5);
    expect([other.got, got, heard]).toEqual([[], [], []]);
    expect(commits.held.map(({ record }) => record)).toMatchObject([
      { address: "/m", incarnation: 1, cause: "message", effects: [{ kind: "tell", detail: { to: "/other", message: "said" } }] },
    ]);
    commits.release();
    await world.clock.settle();
    expect([other.got, got, heard]).toEqual([["said"], ["next"], [{ type: "orgtree.timer", name: "tick" }]]);
  });

  test("is numbered without a gap, over restarts, and a turn that fails or postpones makes no record", async () => {
    const seqs: number[] = [];
    await using world = startWorld({ store: { store: async ({ address, seq }) => void (address === "/m" && seqs.push(seq)) } });
    await world.start(makePuppet().logic, restarted);
    for (const message of ["one", die, "two", (turn: Turn) => turn.postpone(), "three"]) world.system.tell("/m", message);
    await world.clock.settle();
    expect(seqs).toEqual([0, 1, 2, 3, 4]);
  });

  test("counts a supervisor's decisions without a gap", async () => {
    const seqs: number[] = [];
    await using world = startWorld({ store: { store: async ({ address, seq }) => void (address === "/s" && seqs.push(seq)) } });
    await world.start(supervisor({ children: [{ id: "a", logic: makePuppet().logic }] }), { id: "s", restart: "temporary" });
    await world.system.supervisor("/s").countChildren();
    await world.system.supervisor("/s").startChild({ id: "b", logic: makePuppet().logic });
    await world.tell(die, "/s/a");
    expect(seqs.length).toBeGreaterThan(3);
    expect(seqs).toEqual(seqs.map((_, at) => seqs[0]! + at));
  });

  test("that is refused ends the incarnation as fenced; the message was not processed and nothing happened", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    const { logic, got } = makePuppet();
    await world.start(logic, restarted);
    commits.holds = "all";
    let times = 0;
    await world.tell(((turn) => {
      turn.emit({ type: "e" });
      turn.tell("/m", `time ${++times}`);
    }) satisfies Order);
    commits.held.shift()!.refuse();
    commits.holds = undefined;
    await world.clock.settle();
    expect(world.failures()).toEqual([]);
    expect(world.exits()).toMatchObject([
      { kind: "failure", failure: { class: "fenced", cause: { message: "/m belongs to somebody else: epoch 7 is over" } } },
    ]);
    expect(world.of("emitted")).toHaveLength(1);
    expect(got).toEqual(["time 2"]);
    expect(world.letters()).toEqual([]);
  });

  test("is refused too when the commit throws at once", async () => {
    let fails = false;
    await using world = startWorld({
      store: {
        store: () => {
          if (fails) throw new FencedError("/m", "closed");
          return Promise.resolve();
        },
      },
    });
    await world.start(makePuppet().logic);
    fails = true;
    world.system.tell("/m", "one");
    await Promise.resolve().then(() => (fails = false));
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ failure: { class: "fenced", cause: { message: "/m belongs to somebody else: closed" } } }]);
  });

  test("is lost when the actor is killed meanwhile: its message and what it would have sent are dead letters", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    await world.start(makePuppet().logic, { id: "other" });
    await world.start(
      plain<null, { type: string }>({ init: () => null, receive: (_s, _m, turn) => (turn.tell("/other", { type: "sent" }), null) }),
      {
        shutdownMs: "brutal-kill",
      },
    );
    commits.holds = "all";
    await world.tell({ type: "held" });
    commits.holds = undefined;
    await world.system.stop("/m");
    expect(world.letters()).toEqual(["turn-aborted: sent", "failed: held"]);
    commits.release();
    await world.clock.settle();
    expect(world.letters()).toHaveLength(2);
    expect(world.exits()).toEqual([{ kind: "killed" }]);
  });

  test.each([100, "infinity"] as const)("is waited for by an ordered stop, with shutdownMs %s", async (shutdownMs) => {
    await using world = startHeldWorld();
    const { commits } = world;
    const terminated: unknown[] = [];
    await world.start(makePuppet({ terminate: (turns) => void terminated.push(turns) }).logic, { shutdownMs });
    commits.holds = "all";
    await world.tell("held");
    commits.holds = undefined;
    const stopping = stop(world);
    await world.clock.settle();
    expect([stopping.over, terminated]).toEqual([false, []]);
    commits.release();
    await stopping.promise;
    expect(terminated).toEqual([1]);
    expect(world.exits()).toEqual([{ kind: "shutdown" }]);
  });

  test("is cut off when an ordered stop has no more time for it", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    await world.start(makePuppet().logic, { shutdownMs: 100 });
    commits.holds = "all";
    await world.tell({ type: "held" });
    commits.holds = undefined;
    const stopping = stop(world);
    await world.clock.advance(100);
    await stopping.promise;
    expect(world.exits()).toEqual([{ kind: "killed" }]);
    expect(world.letters()).toEqual(["failed: held"]);
  });

  test("ends the actor, though it could be resumed, when it fails while a stop waits for it", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    await world.start(makePuppet().logic, { id: "other" });
    await world.start(makePuppet().logic, { shutdownMs: "infinity", onFailure: { crash: "resume" } });
    commits.holds = "all";
    const register: Order = (turn) => turn.register("name");
    await world.tell(register, "/other");
    await world.tell(register);
    commits.holds = undefined;
    const stopping = stop(world);
    await world.clock.settle();
    commits.release();
    await stopping.promise;
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { name: "NameTakenError" } }]);
  });

  test("delays the start: the actor is up when its initial step is committed", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    commits.holds = "all";
    const started = world.start(makePuppet().logic);
    await world.clock.settle();
    commits.held.shift()!.accept(); // The root's decision to start it.
    await world.clock.settle();
    expect(world.node()).toMatchObject({ status: "starting" });
    expect(commits.held[0]!.record).toMatchObject({ address: "/m", cause: "init", seq: 0 });
    commits.release();
    await started;
    expect(world.node()).toMatchObject({ status: "running" });
  });

  test("refuses the start when the commit of its initial step is refused", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    commits.holds = "all";
    const refused = expect(world.start(makePuppet().logic)).rejects.toMatchObject({ code: "start-failed" });
    await world.clock.settle();
    commits.held.shift()!.accept();
    await world.clock.settle();
    commits.held.shift()!.refuse();
    commits.release();
    await world.clock.settle();
    commits.release();
    await refused;
    expect(world.exits()).toMatchObject([{ failure: { class: "fenced" } }]);
  });
});

function boom(): never {
  throw new Error("boom");
}
