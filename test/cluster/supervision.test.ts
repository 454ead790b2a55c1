/** A supervisor in one system, its children in another: what is said there, beside the rules that all supervisors follow (test/conformance). */
import type { Address, ChildSpec } from "@orgtree/core";
import { type Logic, plain, supervisor } from "@orgtree/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { Branches, counter, livesOf } from "./branches.ts";
import type { Node } from "./nodes.ts";

let world: Branches;
beforeEach(() => {
  world = new Branches();
});

const w: Address = "/desk/w_b";
const wide = { maxRestarts: 50, periodMs: 1_000_000 };
const child = (id: string, more: object = {}) => ({ id, logic: counter, input: 5, ...more });

function desk(children: readonly ChildSpec<Logic>[], more: object = {}): ChildSpec<Logic> {
  return { id: "desk", restart: "temporary", logic: supervisor({ intensity: wide, children, ...more }) };
}

const start = (node: Node, spec: ChildSpec<Logic>) => world.settled(node.system.start(spec));
const list = async (node: Node) =>
  (await world.settled(node.system.supervisor("/desk").listChildren())).map(({ id, status }) => `${id} ${status}`);

describe("a child in another system", () => {
  test("is started, restarted and stopped as in one", async () => {
    const b = await world.begin("b");
    const a = await world.begin("a");
    await start(a, desk([child("w_b")]));
    await world.tell(a, w, 1);
    expect(await world.count(a, w)).toBe(6);
    await world.tell(a, w, "fail");
    expect(await world.count(a, w)).toBe(5);
    expect(a.system.tree().children[0]?.children[0]).toMatchObject({ address: w, status: "running", incarnation: 2, restarts: 1 });
    await world.settled(a.system.stop("/desk"));
    expect(livesOf(b)).toEqual([`+${w}`, `-${w} crash`, `+${w}`, `-${w} shutdown`]);
    expect([a.system.open.actors, b.system.open.actors]).toEqual([1, 1]);
    await expect(world.count(a, w)).rejects.toMatchObject({ name: "UnknownRecipientError" });
  });

  test("of which nothing is known there does not start, and whoever starts it is told what to do", async () => {
    await world.begin("b");
    const a = await world.begin("a");
    await start(a, desk([]));
    const starting = a.system.supervisor("/desk").startChild({ id: "stranger_b", logic: counter });
    await expect(world.settled(starting)).rejects.toMatchObject({
      code: "start-failed",
      failure: { name: "UnknownSpecError", message: expect.stringContaining("give createActorSystem there a specOf") as string },
    });
    expect(await list(a)).toEqual([]);
  });

  test("with an input that cannot be sent does not start", async () => {
    await world.begin("b");
    const a = await world.begin("a");
    await expect(start(a, desk([child("w_b", { input: () => 1 })]))).rejects.toMatchObject({ name: "SupervisorCallError" });
  });

  test("is not started by who is not its supervisor", async () => {
    const b = await world.begin("b");
    const c = await world.begin("c");
    const outcomes: unknown[] = [];
    const terms = { spec: { id: "w_b" }, about: undefined, planVersion: undefined, spent: { turns: 0, tokens: 0, microUsd: 0 } };
    c.transport.send("b", [6, w, 1, 0, false, undefined, terms], { ended: (outcome) => void outcomes.push(outcome) });
    c.transport.send("b", [6, w, 1, 9, false, undefined, terms], { ended: (outcome) => void outcomes.push(outcome) });
    c.transport.send("b", [7, w, 1, 1, true], { ended: (outcome) => void outcomes.push(outcome) });
    await world.clock.advance(300);
    expect(outcomes).toMatchObject([
      { refusal: { reason: "forged" } },
      { refusal: { reason: "malformed" } },
      { refusal: { reason: "malformed" } },
    ]);
    expect(b.system.open.actors).toBe(1);
  });

  test("may be a supervisor whose children are in a third one, which hears what is said of the tree", async () => {
    const heard: unknown[] = [];
    const team = supervisor({ intensity: wide, children: [{ id: "w_c", logic: counter }] });
    world = new Branches({ team });
    const about = (address: Address) => (address === "/desk/team_b" ? { job: 7 } : undefined);
    const a = await world.begin("a", [], { system: { about } });
    await world.begin("b");
    const c = await world.begin("c", [], {
      system: {
        specOf: (address, said) => {
          heard.push(address, said);
          return { logic: counter };
        },
      },
    });
    await start(a, desk([{ id: "team_b", logic: team }]));
    expect(heard).toEqual(["/desk/team_b/w_c", { job: 7 }]);
    await world.tell(a, "/desk/team_b/w_c", 3);
    expect(await world.count(a, "/desk/team_b/w_c")).toBe(3);
    await world.settled(a.system.stop("/desk/team_b"));
    expect(livesOf(c)).toEqual(["+/desk/team_b/w_c", "-/desk/team_b/w_c shutdown"]);
  });

  test("that escalates ends its supervisor with the chain of causes", async () => {
    const team = supervisor({ intensity: { maxRestarts: 0, periodMs: 1_000 }, children: [child("w")] });
    world = new Branches({ team });
    await world.begin("b");
    const a = await world.begin("a");
    await start(a, desk([{ id: "team_b", logic: team }], { intensity: { maxRestarts: 0, periodMs: 1_000 } }));
    const exit = a.system.watch("/desk");
    await world.tell(a, "/desk/team_b/w", "fail");
    expect(await world.settled(exit)).toMatchObject({
      kind: "escalated",
      failure: { cause: { name: "Escalated", cause: { message: "told to fail", address: "/desk/team_b/w" } } },
    });
  });

  test("gives back what cannot be sent as nothing, and is up all the same", async () => {
    const odd = plain<number, "end">({
      init: (_input, turn) => {
        turn.info(() => 1);
        return 0;
      },
      receive: (state, _order, turn) => {
        turn.exit({ kind: "normal", output: () => 1 });
        return state;
      },
    });
    world = new Branches({ odd });
    await world.begin("B");
    const a = await world.begin("a");
    await start(a, desk([], {}));
    const starting = a.system.supervisor("/desk").startChild({ id: "odd_B", restart: "transient", logic: odd });
    expect(await world.settled(starting)).toEqual({ address: "/desk/odd_B", info: undefined });
    await world.tell(a, "/desk/odd_B", "end");
    expect(await list(a)).toEqual(["odd_B stopped"]);
  });
});

describe("a budget over systems", () => {
  const onFailure = { "budget-exhausted": "restart" } as const;
  const spend = plain<number, number>({
    init: () => 0,
    receive: (state, tokens, turn) => {
      turn.budget.reserve({ tokens }).settle({ tokens });
      return state;
    },
  });

  test("is set aside where the supervisor is, kept where the child is, and counts above as soon as it is told", async () => {
    world = new Branches({ s: spend });
    await world.begin("b");
    const a = await world.begin("a");
    const kids = [
      { id: "s_b", logic: spend, onFailure, budget: { tokens: 60 } },
      { id: "local", onFailure, logic: spend },
    ];
    await start(a, { ...desk(kids), budget: { tokens: 100 } });
    await world.tell(a, "/desk/local", 50); // 40 are left for it.
    expect(a.system.tree().children[0]?.spent).toMatchObject({ tokens: 0 }); // It failed: 60 are set aside.
    await world.tell(a, "/desk/s_b", 45);
    await world.tell(a, "/desk/s_b", 20); // 15 are left: it fails, and that is told.
    expect(a.system.tree().children[0]?.spent).toMatchObject({ tokens: 45 });
    expect(a.system.tree().children[0]?.children[0]).toMatchObject({ restarts: 1, spent: { tokens: 45 } });
    await world.tell(a, "/desk/s_b", 15);
    await world.settled(a.system.stop("/desk/s_b"));
    await world.tell(a, "/desk/local", 40);
    expect(a.system.tree().children[0]?.spent).toMatchObject({ tokens: 100 });
  });

  test("is known again when the system of the supervisor was replaced", async () => {
    world = new Branches({ s: spend });
    await world.begin("b");
    let a = await world.begin("a");
    const spec = { ...desk([{ id: "s_b", logic: spend, budget: { tokens: 60 } }]), budget: { tokens: 100 } };
    await start(a, spec);
    await world.tell(a, "/desk/s_b", 45);
    await world.kill(a, "a");
    a = await world.begin("a");
    await start(a, spec);
    await world.clock.advance(10_000);
    expect(a.system.tree().children[0]?.spent).toMatchObject({ tokens: 45 });
  });

  test.each(["b", "B"])("is not refilled by a loss of the process at %s, nor by a stop and a new start", async (endpoint) => {
    world = new Branches({ s: spend });
    const there = await world.begin(endpoint);
    const a = await world.begin("a");
    const address: Address = `/desk/s_${endpoint}`;
    await start(a, { ...desk([{ id: `s_${endpoint}`, logic: spend, onFailure, budget: { tokens: 60 } }]), budget: { tokens: 100 } });
    await world.tell(a, address, 45);
    await world.tell(a, address, 20); // Too much: it fails, and with that it is told what was spent.
    if (endpoint === "b") await world.kill(there, endpoint);
    else there.wire.cut();
    await world.clock.advance(8_000);
    await world.begin(endpoint);
    await world.clock.advance(8_000);
    await world.tell(a, address, 20);
    await world.tell(a, address, 10);
    await world.tell(a, address, 6);
    await world.settled(a.system.stop(address));
    await world.settled(a.system.supervisor("/desk").restartChild(`s_${endpoint}`));
    await world.tell(a, address, 6);
    await world.tell(a, address, 5);
    await world.tell(a, address, 1);
    await world.settled(a.system.stop(address));
    expect(a.system.tree().children[0]?.spent).toMatchObject({ tokens: 60 });
  });

  test("of a child that has no part of its own is refused: nobody could keep it to what is left above", async () => {
    world = new Branches({ s: spend });
    await world.begin("b");
    const a = await world.begin("a");
    const starting = start(a, { ...desk([{ id: "s_b", logic: spend }]), budget: { tokens: 100 } });
    await expect(starting).rejects.toThrow("/desk/s_b.budget.tokens: missing: tokens are limited above it");
  });
});

describe("a rollback over systems", () => {
  test("is refused by name, by hand and as a directive, and nothing is half done", async () => {
    await world.begin("b");
    const a = await world.begin("a");
    const onFailure = {
      crash: [{ directive: "rollback", intensity: { maxRestarts: 9, periodMs: 1_000 } }, { directive: "restart" }],
    } as const;
    await start(a, desk([child("w_b", { onFailure }), child("here", { onFailure })]));
    await world.tell(a, w, 1);
    await expect(world.settled(a.system.rollBack(w, { consent: true }))).rejects.toThrow("it lives in another system");
    await expect(world.settled(a.system.rollBack("/desk", { to: 0, consent: true }))).rejects.toThrow("/desk/w_b lives in another system");
    expect(await list(a)).toEqual(["here running", "w_b running"]);
    await world.tell(a, w, "fail");
    expect(await world.count(a, w)).toBe(5);
    const reports = a.events.flatMap((event) => (event.type === "report" ? [event.report.decision] : []));
    expect(reports).toContainEqual(expect.stringContaining("lives in another system"));
  });
});
