/**
 * Starts that take long: their deadline, and what comes meanwhile.
 */
import { supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { refusalOf, startTree, TestSystem } from "../support/start-tree.ts";
import { Trace } from "../support/trace.ts";
import { hangingWorker, lateWorker, slowWorker, worker } from "../support/workers.ts";

describe("the start deadline", () => {
  test("a child that does not come up within startMs is killed and has failed to start", async () => {
    await using tree = await startTree({});
    const started = refusalOf(tree.sup.startChild({ id: "a", startMs: 1_000, logic: hangingWorker }));
    await tree.clock.advance(999);
    expect(await tree.list()).toEqual(["a starting"]);
    await tree.clock.advance(1);
    expect(await started).toBe("start-failed");
    expect(await tree.list()).toEqual([]);
  });

  test("a child of the initial list that hangs fails the start of its supervisor", async () => {
    await using host = new TestSystem();
    const children = [
      { id: "a", logic: worker },
      { id: "b", startMs: 500, logic: hangingWorker },
    ];
    const started = expect(host.system.start({ id: "sup", logic: supervisor({ children }) })).rejects.toThrow(
      /did not start within 500 ms/u,
    );
    await host.clock.advance(500);
    await started;
    expect(host.system.open.actors).toBe(1);
  });

  test("a supervisor that is killed at its start deadline takes the children that were up with it", async () => {
    await using host = new TestSystem();
    const { clock, system } = host;
    const trace = new Trace(system, "/sup");
    const children = [
      { id: "a", logic: worker },
      { id: "b", logic: hangingWorker },
    ];
    const started = refusalOf(system.start({ id: "sup", startMs: 500, logic: supervisor({ children }) }));
    await clock.advance(500);
    expect(await started).toBe("start-failed");
    expect(trace.lives()).toEqual(["+a", "!b killed", "-a killed", "!sup failure"]);
  });

  test("what a start brings forth after its deadline is dropped", async () => {
    await using tree = await startTree({});
    const started = refusalOf(tree.sup.startChild({ id: "a", startMs: 100, logic: lateWorker(tree.clock, 200) }));
    await tree.clock.advance(300);
    expect(await started).toBe("start-failed");
    expect(tree.trace.lives()).toEqual(["!a failure"]);
  });
});

describe("a stop while something starts", () => {
  test("a supervisor that is stopped while a child starts ends that child at once, and the others in reverse order", async () => {
    await using tree = await startTree({
      children: [
        { id: "a", logic: worker },
        { id: "b", logic: worker },
      ],
    });
    const started = refusalOf(tree.sup.startChild({ id: "c", logic: hangingWorker }));
    await tree.clock.settle();
    await tree.stop();
    expect(await started).toBe("stopping");
    expect(tree.trace.lives()).toEqual(["!c shutdown", "-b shutdown", "-a shutdown", "-sup shutdown"]);
  });

  test("a supervisor that is stopped while it starts never comes up", async () => {
    await using tree = await startTree({});
    const slow = supervisor({
      children: [
        { id: "x", logic: slowWorker(tree.clock, 50) },
        { id: "y", logic: hangingWorker },
      ],
    });
    const started = refusalOf(tree.sup.startChild({ id: "team", logic: slow }));
    await tree.clock.settle();
    const stopped = tree.sup.terminateChild("team");
    await tree.clock.advance(50);
    await stopped;
    expect(await started).toBe("start-failed");
    expect(tree.trace.lives()).toEqual(["+team/x", "!team/y shutdown", "-team/x shutdown", "!team shutdown"]);
    expect(await tree.list()).toEqual([]);
  });

  test("a child that is terminated while it starts leaves no spec, since its caller was told that it did not start", async () => {
    await using tree = await startTree({});
    const started = refusalOf(tree.sup.startChild({ id: "a", logic: hangingWorker }));
    await tree.clock.settle();
    await tree.sup.terminateChild("a");
    expect(await started).toBe("start-failed");
    await tree.sup.startChild({ id: "a", logic: worker });
    expect(await tree.list()).toEqual(["a running"]);
  });

  test("other calls wait for a start that hangs, queries do not", async () => {
    await using tree = await startTree({ children: [{ id: "a", logic: worker }] });
    const hanging = refusalOf(tree.sup.startChild({ id: "b", startMs: 1_000, logic: hangingWorker }));
    const waiting = tree.sup.startChild({ id: "c", logic: worker });
    expect(await tree.list()).toEqual(["b starting", "a running"]);
    await tree.clock.advance(1_000);
    expect(await hanging).toBe("start-failed");
    await waiting;
    expect(await tree.list()).toEqual(["c running", "a running"]);
  });

  test("an exit that waits while another child starts is the answer to the stop of that child", async () => {
    await using tree = await startTree({
      strategy: "one-for-all",
      children: [
        { id: "a", logic: worker },
        { id: "b", logic: worker },
      ],
    });
    const started = tree.sup.startChild({ id: "c", logic: lateWorker(tree.clock, 100) });
    await tree.order(["a", { do: "die" }], ["b", { do: "die" }]);
    expect(tree.trace.lives()).toEqual(["-a failure", "-b failure"]);
    await tree.clock.advance(200);
    await started;
    expect(tree.trace.lives()).toEqual(["+c", "-c shutdown", "+a", "+b", "+c"]);
    expect(tree.trace.contexts()).toEqual(["child-terminated a", "shutdown-error b"]);
  });

  test("a call about a child whose exit waits is answered", async () => {
    await using tree = await startTree({ children: [{ id: "a", logic: worker }] });
    const started = tree.sup.startChild({ id: "b", logic: lateWorker(tree.clock, 100) });
    const terminated = tree.sup.terminateChild("a");
    await tree.order(["a", { do: "die" }]);
    await tree.clock.advance(100);
    await Promise.all([started, terminated]);
    expect(await tree.list()).toEqual(["b running", "a stopped"]);
  });
});
