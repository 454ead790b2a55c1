import { JournalFencedError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { plain } from "./plain.ts";
import { die, makePuppet, restarted, startHeldWorld, stop, type Order } from "./plain.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";
import type { Turn } from "./turn.ts";

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
      { address: "/m", incarnation: 1, cause: { type: "message" }, effects: [{ kind: "tell", detail: { to: "/other", message: "said" } }] },
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
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "fenced", cause: { name: "JournalFencedError" } } }]);
    expect(world.of("emitted")).toHaveLength(1);
    expect(got).toEqual(["time 2"]);
    expect(world.letters()).toEqual([]);
  });

  test("is refused too when the commit throws at once", async () => {
    let fails = false;
    await using world = startWorld({
      store: {
        store: () => {
          if (fails) throw new JournalFencedError("memory", { own: 7, current: 8 });
          return Promise.resolve();
        },
      },
    });
    await world.start(makePuppet().logic);
    fails = true;
    world.system.tell("/m", "one");
    await Promise.resolve().then(() => (fails = false));
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ failure: { class: "fenced", cause: { name: "JournalFencedError" } } }]);
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
    expect(commits.held[0]!.record).toMatchObject({ address: "/m", cause: { type: "init" }, seq: 0 });
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
