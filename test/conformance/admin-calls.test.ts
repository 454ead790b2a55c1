/**
 * The administrative calls: OTP's rules 38 to 45, and Elixir's.
 */
import { shutdownExit } from "@orgtree/core";
import { plain, supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { refusalOf, startTree, TestSystem } from "../support/start-tree.ts";
import { die, hangingWorker, slowWorker, worker } from "../support/workers.ts";

test("child_adm: the whole cycle of one child, with the exact refusals", async () => {
  await using tree = await startTree({ children: [{ id: "a", logic: worker }] });
  const { sup } = tree;
  expect(await tree.list()).toEqual(["a running"]);
  expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  await expect(sup.startChild({ id: "a", logic: worker })).rejects.toThrow("a: it already runs at /sup/a");
  expect(await refusalOf(sup.startChild({ id: "a", logic: worker }))).toBe("already-started");
  expect(await refusalOf(sup.restartChild("a"))).toBe("running");
  expect(await refusalOf(sup.deleteChild("a"))).toBe("running");

  await sup.terminateChild("a");
  await sup.terminateChild("a"); // Twice is fine.
  expect(await tree.list()).toEqual(["a stopped"]);
  expect(await tree.counts()).toEqual([1, 0, 0, 1]);
  expect(await refusalOf(sup.startChild({ id: "a", logic: worker }))).toBe("already-present");

  await expect(sup.restartChild("a")).resolves.toEqual({ address: "/sup/a", info: undefined });
  expect(await tree.list()).toEqual(["a running"]);
  await sup.terminateChild("a");
  await sup.deleteChild("a");
  expect(await tree.list()).toEqual([]);
  for (const call of [sup.terminateChild("a"), sup.restartChild("a"), sup.deleteChild("a"), sup.getChildSpec("a")]) {
    expect(await refusalOf(call)).toBe("not-found");
  }
  await sup.startChild({ id: "a", logic: worker });
  expect(await tree.list()).toEqual(["a running"]);
  expect(tree.trace.contexts()).toEqual([]);
});

test("a child is named by its id or by its address; another's address is not found, and its owner lives on", async () => {
  await using tree = await startTree({
    children: [
      { id: "a", logic: worker },
      { id: "team", logic: supervisor({ children: [{ id: "a", logic: worker }] }) },
    ],
  });
  expect(await refusalOf(tree.sup.terminateChild("/sup/team/a"))).toBe("not-found");
  expect(await refusalOf(tree.sup.terminateChild("/sup"))).toBe("not-found");
  expect(await refusalOf(tree.sup.terminateChild("/elsewhere/a"))).toBe("not-found");
  expect(tree.trace.lives()).toEqual([]);
  await tree.sup.terminateChild("/sup/a");
  expect(await tree.list()).toEqual(["team running", "a stopped"]);
});

test.each([[undefined], [null], [3], [Symbol("a")], [{}], [""], ["no/such/id"]])("a child that is named %s is not found", async (id) => {
  await using tree = await startTree({});
  expect(await refusalOf(tree.sup.terminateChild(id as string))).toBe("not-found");
});

test("terminate_child of a temporary child drops its spec", async () => {
  await using tree = await startTree({ children: [{ id: "a", restart: "temporary", logic: worker }] });
  await tree.sup.terminateChild("a");
  expect(await tree.list()).toEqual([]);
});

test("terminate_child gives the child its shutdown time, and answers when it is gone", async () => {
  await using tree = await startTree({});
  await tree.sup.startChild({ id: "a", logic: slowWorker(tree.clock, 300) });
  let gone = false;
  const terminated = tree.sup.terminateChild("a").then(() => (gone = true));
  await tree.clock.advance(299);
  expect(gone).toBe(false);
  expect(await tree.list()).toEqual(["a stopping"]);
  await tree.clock.advance(1);
  await terminated;
  expect(await tree.list()).toEqual(["a stopped"]);
});

describe("calls to nobody", () => {
  test("a supervisor that never was refuses at the caller, and does not hang", async () => {
    await using host = new TestSystem();
    const nobody = host.system.supervisor("/nobody");
    for (const call of [
      nobody.startChild({ id: "a", logic: worker }),
      nobody.terminateChild("a"),
      nobody.listChildren(),
      nobody.countChildren(),
    ]) {
      expect(await refusalOf(call)).toBe("UnknownRecipientError");
    }
  });

  test("a supervisor that has ended does the same", async () => {
    await using tree = await startTree({});
    await tree.stop();
    expect(await refusalOf(tree.sup.listChildren())).toBe("UnknownRecipientError");
  });

  test("a supervisor that is killed while it carries a call out tells that nobody knows", async () => {
    await using tree = await startTree({ children: [{ id: "team", shutdownMs: "brutal-kill", logic: supervisor({}) }] });
    const call = expect(tree.supervisor("/sup/team").startChild({ id: "x", logic: hangingWorker })).rejects.toMatchObject({
      name: "AskFailedError",
      outcome: "unknown",
    });
    await tree.clock.settle();
    await tree.sup.terminateChild("team");
    await call;
  });

  test("a call to a supervisor that waits for its restart is answered by its next life", async () => {
    const team = supervisor({ intensity: { maxRestarts: 0, periodMs: 1 }, children: [{ id: "x", logic: worker }] });
    await using tree = await startTree({ children: [{ id: "team", backoff: { minMs: 100, jitter: 0 }, logic: team }] });
    await tree.order(["team/x", die]);
    const counts = tree.supervisor("/sup/team").countChildren();
    await tree.clock.advance(100);
    await expect(counts).resolves.toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
  });
});

describe("which_children, which_child", () => {
  test("the list is newest first, and follows what is started, terminated and deleted", async () => {
    await using tree = await startTree({
      children: [
        { id: "a", logic: worker },
        { id: "b", logic: worker },
      ],
    });
    await tree.sup.startChild({ id: "c", logic: supervisor({}) });
    expect(await tree.list()).toEqual(["c running", "b running", "a running"]);
    expect(await tree.counts()).toEqual([3, 3, 1, 2]);
    await tree.sup.terminateChild("b");
    expect(await tree.list()).toEqual(["c running", "b stopped", "a running"]);
    await tree.sup.deleteChild("b");
    expect(await tree.list()).toEqual(["c running", "a running"]);
    expect(await refusalOf(tree.sup.getChildSpec("b"))).toBe("not-found");
    await expect(tree.sup.getChildSpec("c")).resolves.toMatchObject({ id: "c", type: "supervisor" });
  });

  test("it shows how often a child was started again", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 9, periodMs: 1 }, children: [{ id: "a", logic: worker }] });
    await tree.order(["a", die], ["a", die]);
    expect(await tree.sup.listChildren()).toMatchObject([{ id: "a", restarts: 2, type: "worker", retryAtMs: undefined }]);
  });
});

test("exits of strangers and messages that are no calls change nothing", async () => {
  await using tree = await startTree({ children: [{ id: "a", logic: worker }] });
  const forger = plain({
    init: (_input, turn) => {
      turn.tell("/sup", { kind: "exited", id: "a", exit: shutdownExit });
      turn.tell("/sup", { type: "orgtree.down", address: "/sup/a", exit: shutdownExit });
      turn.exit({ kind: "killed" });
      return 0;
    },
    receive: (state: number) => state,
  });
  await tree.system.start({ id: "forger", restart: "temporary", logic: forger });
  await tree.clock.settle();
  expect(await tree.list()).toEqual(["a running"]);
  expect((await tree.ask("a")).incarnation).toBe(1);
});

test("calls work from inside the tree too: an actor asks a supervisor to start a child", async () => {
  await using tree = await startTree({
    children: [
      { id: "boss", logic: worker },
      { id: "team", logic: supervisor({ strategy: "dynamic", template: { logic: worker } }) },
    ],
  });
  const boss = plain<readonly unknown[], unknown>({
    init: (_input, turn) => {
      turn.ask("/sup/team", { type: "start-child", spec: { id: "x" } }, { tag: "started" });
      return [];
    },
    receive: (state, _message, turn) => {
      turn.reply(state);
      return state;
    },
    signal: (state, signal) => [...state, signal],
  });
  await tree.sup.startChild({ id: "asker", logic: boss });
  await tree.clock.settle();
  expect(await tree.system.ask("/sup/asker", "what")).toEqual([
    { type: "orgtree.reply", tag: "started", value: { address: "/sup/team/x", info: undefined } },
  ]);
});
