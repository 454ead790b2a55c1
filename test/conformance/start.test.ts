/**
 * Starting a supervisor and its children: OTP's rules 1 to 6.
 */
import { rootAddress, SpecError, SupervisorCallError } from "@orgtree/core";
import { plain, supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { refusalOf, startTree, TestSystem, topIds } from "../support/start-tree.ts";
import { Trace } from "../support/trace.ts";
import { ignoringWorker, informingWorker, lateWorker, naughtyWorker, scriptedWorker, worker, workerOnce } from "../support/workers.ts";

describe("starting in order", () => {
  test("sup_start_normal: a supervisor without children starts, and exits shutdown when it is stopped", async () => {
    await using tree = await startTree({});
    expect(await tree.counts()).toEqual([0, 0, 0, 0]);
    await tree.stop();
    expect(tree.exit).toEqual({ kind: "shutdown" });
  });

  test("children start one after the other in list order, each when the one before it is up, and the supervisor last", async () => {
    await using host = new TestSystem();
    const { clock, system } = host;
    const trace = new Trace(system, "/sup");
    const children = [
      { id: "a", logic: lateWorker(clock, 100) },
      { id: "b", logic: worker },
      { id: "c", logic: lateWorker(clock, 50) },
    ];
    const started = system.start({ id: "sup", logic: supervisor({ children }) });
    await clock.advance(99);
    expect(trace.lives()).toEqual([]);
    await clock.advance(1);
    expect(trace.lives()).toEqual(["+a", "+b"]);
    await clock.advance(50);
    expect(trace.lives()).toEqual(["+c", "+sup"]);
    await expect(started).resolves.toBe("/sup");
  });

  test("a supervisor may need as long for its start as its children do together", async () => {
    await using host = new TestSystem();
    const { clock, system } = host;
    const children = ["a", "b", "c"].map((id) => ({ id, logic: lateWorker(clock, 25_000) }));
    const started = system.start({ id: "sup", logic: supervisor({ children: [{ id: "team", logic: supervisor({ children }) }] }) });
    await clock.advance(75_000);
    await expect(started).resolves.toBe("/sup");
  });

  test("a child that exits while its later siblings still start is dealt with when they are up", async () => {
    await using host = new TestSystem();
    const { clock, system } = host;
    const trace = new Trace(system, "/sup");
    const leaving = plain({
      init: (_input, turn) => {
        if (turn.incarnation === 1) turn.exit();
        return 0;
      },
      receive: (state: number) => state,
    });
    const children = [
      { id: "a", logic: leaving },
      { id: "b", logic: lateWorker(clock, 10) },
    ];
    const started = system.start({ id: "sup", logic: supervisor({ children }) });
    await clock.advance(10);
    await started;
    expect(trace.lives()).toEqual(["+a", "-a normal", "+b", "+a", "+sup"]);
  });

  test("a supervisor whose budget is spent while it starts comes up first and ends then, as OTP's start_link returns first", async () => {
    await using host = new TestSystem();
    const { clock, system } = host;
    const trace = new Trace(system, "/sup");
    const leaving = plain({
      init: (_input, turn) => {
        turn.exit();
        return 0;
      },
      receive: (state: number) => state,
    });
    for (const late of [false, true]) {
      const other = late ? lateWorker(clock, 10) : worker;
      const spec = {
        intensity: { maxRestarts: 0, periodMs: 1_000 },
        children: [
          { id: "a", logic: leaving },
          { id: "b", logic: other },
        ],
      };
      const started = system.start({ id: "sup", restart: "temporary", logic: supervisor(spec) });
      await clock.advance(10);
      await expect(started).resolves.toBe("/sup");
      expect(trace.lives()).toEqual(["+a", "-a normal", "+b", "-b shutdown", "+sup", "-sup escalated"]);
      expect(topIds(system)).toEqual([]);
    }
  });
});

describe("a child that does not want to run", () => {
  test("sup_start_ignore_child: a permanent child that ignores keeps its spec and has no process", async () => {
    await using tree = await startTree({});
    await expect(tree.sup.startChild({ id: "child1", logic: ignoringWorker })).resolves.toEqual({ address: undefined, info: undefined });
    await tree.sup.startChild({ id: "child2", logic: worker });
    expect(await tree.list()).toEqual(["child2 running", "child1 stopped"]);
    expect(await tree.counts()).toEqual([2, 1, 0, 2]);
  });

  test.each(["permanent", "transient"] as const)(
    "a %s child of the initial list that ignores keeps its spec, and the others start",
    async (restart) => {
      await using tree = await startTree({
        children: [
          { id: "a", restart, logic: ignoringWorker },
          { id: "b", logic: worker },
        ],
      });
      expect(await tree.list()).toEqual(["b running", "a stopped"]);
    },
  );

  test("sup_start_ignore_temporary_child: a temporary child of the initial list that ignores is gone", async () => {
    const children = [
      { id: "a", restart: "temporary" as const, logic: ignoringWorker },
      { id: "b", restart: "temporary" as const, logic: worker },
    ];
    await using tree = await startTree({ children });
    expect(await tree.list()).toEqual(["b running"]);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });

  test("sup_start_ignore_temporary_child_start_child: startChild answers without an address, and the spec is not kept", async () => {
    await using tree = await startTree({});
    const ignored = await tree.sup.startChild({ id: "a", restart: "temporary", logic: ignoringWorker });
    expect(ignored).toEqual({ address: undefined, info: undefined });
    await tree.sup.startChild({ id: "b", restart: "temporary", logic: worker });
    expect(await tree.list()).toEqual(["b running"]);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });

  test.each(["temporary", "permanent"] as const)(
    "sup_start_ignore_temporary_child_start_child_simple: a dynamic %s child that ignores is not stored, and the stop is clean",
    async (restart) => {
      await using tree = await startTree({ strategy: "dynamic" });
      const ignored = await tree.sup.startChild({ restart, logic: ignoringWorker });
      expect(ignored).toEqual({ address: undefined, info: undefined });
      await tree.sup.startChild({ id: "good", restart, logic: worker });
      expect(await tree.counts()).toEqual([1, 1, 0, 1]);
      await tree.stop();
      expect(tree.trace.lives()).toEqual(["+good", "-good shutdown", "-sup shutdown"]);
      expect(tree.trace.contexts()).toEqual([]);
    },
  );
});

describe("a supervisor that does not start", () => {
  test("sup_start_error_return: a spec that is none is refused, and nothing exits", async () => {
    await using host = new TestSystem();
    await expect(host.system.start({ id: "sup", logic: supervisor({ strategy: "sideways" as "dynamic" }) })).rejects.toThrow(/strategy/u);
    expect(() => supervisor("garbage" as never)).toThrow(SpecError);
    expect(topIds(host.system)).toEqual([]);
    expect(host.system.open.actors).toBe(1);
  });

  test("sup_start_fail: the reason of the child that threw comes back to the caller, and nothing exits", async () => {
    await using host = new TestSystem();
    const throwing = plain({
      init: () => {
        throw new TypeError("no such table");
      },
      receive: (state: number) => state,
    });
    const started = host.system.start({ id: "sup", logic: supervisor({ children: [{ id: "a", logic: throwing }] }) });
    await expect(started).rejects.toThrow(/child a failed to start: crash at \/sup\/a: no such table/u);
    expect(topIds(host.system)).toEqual([]);
  });

  test("when one start fails, those already up are ended in reverse order, the rest never starts, and the failure is reported first", async () => {
    await using host = new TestSystem();
    const { system } = host;
    const trace = new Trace(system, "/sup");
    const children = [
      { id: "a", logic: worker },
      { id: "b", logic: worker },
      { id: "c", logic: scriptedWorker("fail") },
      { id: "d", logic: worker },
    ];
    const error = await system.start({ id: "sup", logic: supervisor({ children }) }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SupervisorCallError);
    expect(error).toMatchObject({
      code: "start-failed",
      child: "sup",
      failure: { name: "ChildStartFailed", address: "/sup", cause: { address: "/sup/c" } },
    });
    expect(trace.lives()).toEqual(["+a", "+b", "!c failure", "-b shutdown", "-a shutdown", "!sup failure"]);
    expect(trace.contexts()).toEqual(["start-error c"]);
  });

  test("a start that fails deep in the tree fails every supervisor above it, with the whole chain of causes", async () => {
    await using host = new TestSystem();
    const inner = supervisor({ children: [{ id: "leaf", logic: scriptedWorker("fail") }] });
    const error = await host.system
      .start({ id: "sup", logic: supervisor({ children: [{ id: "inner", logic: inner }] }) })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: { address: "/sup", cause: { address: "/sup/inner", cause: { address: "/sup/inner/leaf" } } } });
    expect(host.system.open.actors).toBe(1);
  });
});

test("extra_return: what a start gives back reaches whoever asked for it, at the first start and at restartChild", async () => {
  await using tree = await startTree({});
  await expect(tree.sup.startChild({ id: "a", logic: informingWorker({ port: 80 }) })).resolves.toEqual({
    address: "/sup/a",
    info: { port: 80 },
  });
  expect(await refusalOf(tree.sup.startChild({ id: "a", logic: worker }))).toBe("already-started");
  await tree.sup.terminateChild("a");
  await expect(tree.sup.restartChild("a")).resolves.toEqual({ address: "/sup/a", info: { port: 80 } });
  await tree.order(["a", { do: "die" }]);
  expect(await tree.list()).toEqual(["a running"]);
  await tree.sup.terminateChild("a");
  await tree.sup.deleteChild("a");
  expect(await tree.list()).toEqual([]);
});

describe("a start that fails on request", () => {
  test("sup_start_child_returns_error: the error names child and reason, and nothing is stored", async () => {
    await using tree = await startTree({});
    const error = await tree.sup.startChild({ id: "a", logic: scriptedWorker("fail") }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: "SupervisorCallError",
      code: "start-failed",
      child: "a",
      failure: { class: "crash", message: "/sup/a does not start" },
    });
    expect(await tree.list()).toEqual([]);
    expect(await tree.counts()).toEqual([0, 0, 0, 0]);
  });

  test("sup_start_restart_child_returns_error: restartChild rejects, and the child is still listed", async () => {
    await using tree = await startTree({ children: [{ id: "a", logic: workerOnce() }] });
    await tree.sup.terminateChild("a");
    expect(await refusalOf(tree.sup.restartChild("a"))).toBe("start-failed");
    expect(await tree.list()).toEqual(["a stopped"]);
  });

  test("sup_start_child_returns_error_simple: a dynamic supervisor stores nothing either", async () => {
    await using tree = await startTree({ strategy: "dynamic" });
    expect(await refusalOf(tree.sup.startChild({ id: "a", logic: scriptedWorker("fail") }))).toBe("start-failed");
    expect(await tree.list()).toEqual([]);
  });

  test("a stranger may hold what a start needs: already_started_outside_supervisor names it, and the stranger lives on", async () => {
    await using tree = await startTree({ children: [{ id: "team", logic: supervisor({}) }] });
    const naming = plain({
      init: (_input, turn) => {
        turn.register("printer");
        return 0;
      },
      receive: (state: number) => state,
    });
    await tree.supervisor("/sup/team").startChild({ id: "stranger", logic: naming });
    await expect(tree.sup.startChild({ id: "a", logic: naming })).rejects.toMatchObject({
      code: "start-failed",
      failure: { name: "NameTakenError", detail: { holder: "/sup/team/stranger" } },
    });
    expect(tree.branch.whereis("printer")).toBe("/sup/team/stranger");
    expect(await tree.list()).toEqual(["team running"]);
  });
});

test("the root is a supervisor like any other: it starts and ends what is given to it", async () => {
  await using host = new TestSystem();
  await host.system.start({ id: "a", logic: worker });
  await host.system.start({ id: "b", logic: naughtyWorker, shutdownMs: 10 });
  expect(await host.system.supervisor(rootAddress).countChildren()).toEqual({ specs: 1, active: 2, supervisors: 0, workers: 2 });
  await host.system.stop("/a");
  expect(topIds(host.system)).toEqual(["b"]);
});
