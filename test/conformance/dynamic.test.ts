/**
 * Dynamic supervisors: OTP's simple_one_for_one and Elixir's DynamicSupervisor.
 */
import { supervisor, VirtualClock } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { refusalOf, startTree } from "../support/start-tree.ts";
import { die, exit, informingWorker, naughtyWorker, slowWorker, stoppingWith, worker, workerOnce, workerWith } from "../support/workers.ts";

const dynamic = { strategy: "dynamic" } as const;

describe("children", () => {
  test("child_adm_simple: children are started and terminated by id or address; a gone one and a stranger are not found", async () => {
    await using tree = await startTree(dynamic);
    const { sup } = tree;
    await tree.system.start({ id: "stranger", logic: worker });
    const first = await sup.startChild({ logic: worker });
    const second = await sup.startChild({ logic: worker });
    expect([first.address, second.address]).toEqual(["/sup/child-1", "/sup/child-2"]);
    expect(await tree.counts()).toEqual([1, 2, 0, 2]);

    await sup.terminateChild(first.address!);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
    expect(await refusalOf(sup.terminateChild(first.address!))).toBe("not-found");
    expect(await refusalOf(sup.terminateChild("/stranger"))).toBe("not-found");
    expect(tree.system.tree().children.map(({ address, status }) => [address, status])).toContainEqual(["/stranger", "running"]);

    for (const call of [sup.restartChild("child-2"), sup.deleteChild("child-2"), sup.restartChild("nobody"), sup.deleteChild("nobody")]) {
      expect(await refusalOf(call)).toBe("dynamic");
    }
    await sup.terminateChild("child-2");
    expect(await tree.counts()).toEqual([1, 0, 0, 0]);
  });

  test("an id that is not given is a new one, and one that is given must be free", async () => {
    await using tree = await startTree(dynamic);
    await tree.sup.startChild({ id: "child-1", logic: worker });
    await expect(tree.sup.startChild({ logic: worker })).resolves.toMatchObject({ address: "/sup/child-2" });
    expect(await refusalOf(tree.sup.startChild({ id: "child-2", logic: worker }))).toBe("already-started");
  });

  test("a template gives what a start does not say", async () => {
    const seen: unknown[] = [];
    const logic = workerWith({
      init: (input) => {
        seen.push(input);
        return [];
      },
    });
    await using tree = await startTree({ ...dynamic, template: { restart: "temporary", shutdownMs: 7, input: "given", logic } });
    await tree.sup.startChild({ id: "a" });
    await tree.sup.startChild({ id: "b", input: "own" });
    expect(seen).toEqual(["given", "own"]);
    await expect(tree.sup.getChildSpec("b")).resolves.toMatchObject({
      id: "b",
      restart: "temporary",
      shutdownMs: 7,
      significant: false,
      type: "worker",
    });
    expect(await refusalOf(tree.sup.getChildSpec("/stranger"))).toBe("not-found");
  });

  test("without a template a start must say what to run", async () => {
    await using tree = await startTree(dynamic);
    await expect(tree.sup.startChild({ id: "a" })).rejects.toThrow("spec.logic: missing");
  });

  test("which_children: the list is newest first; a child that has ended for good is not in it", async () => {
    await using tree = await startTree(dynamic);
    for (const id of ["a", "b", "c"]) await tree.sup.startChild({ id, restart: "transient", logic: worker });
    await tree.order(["b", exit("normal")]);
    expect(await tree.list()).toEqual(["c running", "a running"]);
    expect(await refusalOf(tree.sup.terminateChild("b"))).toBe("not-found");
  });
});

describe("restarts", () => {
  test("simple_one_for_one: only the failed child is new, and the third failure ends the supervisor and its children", async () => {
    await using tree = await startTree({ ...dynamic, intensity: { maxRestarts: 2, periodMs: 1_000 } });
    for (const id of ["a", "b"]) await tree.sup.startChild({ id, logic: worker });
    await tree.order(["a", die]);
    expect((await tree.ask("b")).incarnation).toBe(1);
    expect((await tree.ask("a")).incarnation).toBe(2);
    await tree.order(["a", die], ["b", die]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
    expect(tree.system.open.actors).toBe(1);
  });

  test("simple_one_for_one_extra: what a start gives back is ignored at a restart", async () => {
    await using tree = await startTree({ ...dynamic, intensity: { maxRestarts: 2, periodMs: 1_000 } });
    await expect(tree.sup.startChild({ id: "a", logic: informingWorker("extra") })).resolves.toMatchObject({ info: "extra" });
    for (let round = 0; round < 2; round++) await tree.order(["a", die]);
    expect(await tree.list()).toEqual(["a running"]);
    await tree.order(["a", die]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  test("a child that waits for its next attempt is listed as restarting, and does not count as active", async () => {
    await using tree = await startTree({ ...dynamic, intensity: { maxRestarts: 2, periodMs: 1_000 } });
    await tree.sup.startChild({ id: "a", backoff: { minMs: 100, jitter: 0 }, logic: workerOnce() });
    await tree.sup.startChild({ id: "b", logic: worker });
    await tree.order(["a", die]);
    expect(await tree.list()).toEqual(["b running", "a restarting"]);
    expect(await tree.counts()).toEqual([1, 1, 0, 2]);
    await tree.sup.terminateChild("a");
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });

  test("max_children: one more is refused with a clear error, and a child that waits for its restart counts", async () => {
    await using tree = await startTree({ ...dynamic, maxChildren: 2 });
    await tree.sup.startChild({ id: "a", backoff: { minMs: 100, jitter: 0 }, logic: worker });
    await tree.sup.startChild({ id: "b", restart: "temporary", logic: worker });
    await tree.order(["a", die]);
    await expect(tree.sup.startChild({ id: "c", logic: worker })).rejects.toThrow(
      "c: /sup has its 2 children (maxChildren); end one first",
    );
    await tree.order(["b", exit("normal")]);
    await tree.sup.startChild({ id: "c", logic: worker });
    expect(await tree.list()).toEqual(["c running", "a restarting"]);
  });
});

describe("the stop", () => {
  test("sup_stop_timeout_dynamic: one child ends with shutdown, the busy one is killed, the supervisor exits shutdown", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree(dynamic, { clock });
    await tree.sup.startChild({ id: "a", restart: "temporary", shutdownMs: 1_000, logic: worker });
    await tree.sup.startChild({ id: "b", restart: "temporary", shutdownMs: 1_000, logic: slowWorker(clock, 200_000) });
    tree.trace.lives();
    await tree.stop(1_000);
    expect(tree.trace.lives()).toEqual(["-a shutdown", "-b killed", "-sup shutdown"]);
    expect(tree.exit).toEqual({ kind: "shutdown" });
  });

  test("sup_stop_brutal_kill_dynamic: ten children are killed at once", async () => {
    await using tree = await startTree({ ...dynamic, template: { restart: "temporary", shutdownMs: "brutal-kill", logic: naughtyWorker } });
    for (let at = 0; at < 10; at++) await tree.sup.startChild({});
    tree.trace.lives();
    await tree.stop();
    const lives = tree.trace.lives();
    expect(lives.filter((life) => life.endsWith(" killed"))).toHaveLength(10);
    expect(lives.at(-1)).toBe("-sup shutdown");
    expect(tree.trace.contexts()).toEqual([]);
  });

  test.each(["permanent", "transient", "temporary"] as const)(
    "sup_stop_non_shutdown_exit_dynamic: %s children that answer with other exits keep them, and the supervisor exits shutdown",
    async (restart) => {
      const failure = { class: "crash", name: "Error", message: "boom" } as const;
      await using tree = await startTree(dynamic);
      await tree.sup.startChild({ id: "normal", restart, logic: stoppingWith({ kind: "normal" }) });
      await tree.sup.startChild({ id: "shutdown", restart, logic: worker });
      await tree.sup.startChild({ id: "info", restart, logic: stoppingWith({ kind: "shutdown", info: "moved" }) });
      await tree.sup.startChild({ id: "other", restart, logic: stoppingWith({ kind: "failure", failure }) });
      tree.trace.lives();
      await tree.stop();
      expect(tree.trace.lives().toSorted()).toEqual([
        "-info shutdown",
        "-normal normal",
        "-other failure",
        "-shutdown shutdown",
        "-sup shutdown",
      ]);
      expect(tree.trace.contexts().toSorted()).toEqual(
        restart === "permanent" ? ["shutdown-error info", "shutdown-error normal", "shutdown-error other"] : ["shutdown-error other"],
      );
      expect(tree.exit).toEqual({ kind: "shutdown" });
    },
  );

  test("simple_one_for_one_shutdown: all are told at once, and the slowest says how long it takes", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree(dynamic, { clock });
    for (const [id, ms] of [
      ["a", 100],
      ["b", 100],
      ["c", 500],
    ] as const) {
      await tree.sup.startChild({ id, shutdownMs: 200, logic: slowWorker(clock, ms) });
    }
    tree.trace.lives();
    const stopped = tree.system.stop("/sup");
    await clock.advance(100);
    expect(tree.trace.lives().toSorted()).toEqual(["-a shutdown", "-b shutdown"]);
    await clock.advance(99);
    expect(tree.trace.lives()).toEqual([]);
    await clock.advance(1);
    await stopped;
    expect(tree.trace.lives()).toEqual(["-c killed", "-sup shutdown"]);
  });

  test("with mixed shutdown times each child has its own deadline", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree(dynamic, { clock });
    for (const shutdownMs of [10, 20, 30]) await tree.sup.startChild({ id: `s${shutdownMs}`, shutdownMs, logic: naughtyWorker });
    await tree.sup.startChild({ id: "infinity", shutdownMs: "infinity", logic: slowWorker(clock, 40) });
    await tree.sup.startChild({ id: "brutal", shutdownMs: "brutal-kill", logic: naughtyWorker });
    tree.trace.lives();
    const stopped = tree.system.stop("/sup");
    const ends = [];
    for (let ms = 0; ms <= 40; ms += 10) {
      await clock.advance(ms === 0 ? 0 : 10);
      ends.push(tree.trace.lives());
    }
    await stopped;
    expect(ends).toEqual([["-brutal killed"], ["-s10 killed"], ["-s20 killed"], ["-s30 killed"], ["-infinity shutdown", "-sup shutdown"]]);
  });
});

describe("count_children, count_children_supervisor", () => {
  test.each([
    { type: "workers", logic: worker, counts: (n: number) => [1, n, 0, n] },
    { type: "supervisors", logic: supervisor({}), counts: (n: number) => [1, n, n, 0] },
  ])("$type are counted right while there are 1,000 of them, and 2,000, and after all were killed", async ({ logic, counts }) => {
    await using tree = await startTree({ ...dynamic, template: { restart: "temporary", shutdownMs: "brutal-kill", logic } });
    for (const n of [1_000, 2_000]) {
      while ((await tree.sup.listChildren()).length < n) await Promise.all(Array.from({ length: 500 }, () => tree.sup.startChild({})));
      expect(await tree.counts()).toEqual(counts(n));
      expect(await tree.list()).toHaveLength(n);
    }
    for (const { id } of await tree.sup.listChildren()) await tree.sup.terminateChild(id);
    expect(await tree.counts()).toEqual([1, 0, 0, 0]);
  });
});

test("significant_simple: a dynamic supervisor takes no auto-shutdown and no significant children", async () => {
  await using tree = await startTree({ children: [] });
  for (const autoShutdown of ["any-significant", "all-significant"] as const) {
    await expect(tree.sup.startChild({ id: "team", logic: supervisor({ strategy: "dynamic", autoShutdown }) })).rejects.toThrow(
      "a dynamic supervisor has no significant children",
    );
  }
  await tree.sup.startChild({ id: "team", logic: supervisor({ strategy: "dynamic" }) });
  const team = tree.supervisor("/sup/team");
  await expect(team.startChild({ restart: "temporary", significant: true, logic: worker })).rejects.toThrow(
    "a dynamic supervisor has no significant children",
  );
});
