/**
 * Who is started again after which exit: OTP's rules 8 and 9, for plain actors and for machines.
 */
import { describe, expect, test } from "vitest";
import { refusalOf, startTree, type Tree } from "../support/start-tree.ts";
import { die, exit, fail, machineWorker, worker, type Order } from "../support/workers.ts";

type Cause = {
  readonly how: string;
  readonly order: Order | { readonly type: string };
  readonly logic: typeof worker | typeof machineWorker;
};

const quiet: readonly Cause[] = [
  { how: "normal", order: exit("normal"), logic: worker },
  { how: "shutdown", order: exit("shutdown"), logic: worker },
  { how: "shutdown with info", order: exit("shutdown", "moved"), logic: worker },
  { how: "normal, by a final state", order: { type: "end" }, logic: machineWorker },
];
const abnormal: readonly Cause[] = [
  { how: "abnormal", order: die, logic: worker },
  { how: "killed", order: exit("killed"), logic: worker },
  { how: "a failure of its own class", order: fail("tool-error"), logic: worker },
  { how: "abnormal, by a throw in an action", order: { type: "die" }, logic: machineWorker },
  { how: "abnormal, by a final state that says so", order: { type: "fail" }, logic: machineWorker },
];

function treeOf(restart: "permanent" | "transient" | "temporary", { logic }: Cause): Promise<Tree> {
  return startTree({ intensity: { maxRestarts: 10, periodMs: 1_000 }, children: [{ id: "a", restart, logic }] });
}

describe("permanent_normal, permanent_shutdown, permanent_abnormal", () => {
  test.each([...quiet, ...abnormal])("a permanent child that ends ($how) is started again", async (cause) => {
    await using tree = await treeOf("permanent", cause);
    await tree.order(["a", cause.order]);
    expect(tree.trace.lives()).toEqual([expect.stringMatching(/^-a /u), "+a"]);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
    expect(tree.system.tree().children[0]?.children[0]).toMatchObject({ incarnation: 2, restarts: 1 });
  });
});

describe("transient_normal, transient_shutdown", () => {
  test.each(quiet)("a transient child that ends ($how) is not started again and keeps its spec", async (cause) => {
    await using tree = await treeOf("transient", cause);
    await tree.order(["a", cause.order]);
    expect(await tree.list()).toEqual(["a stopped"]);
    expect(await tree.counts()).toEqual([1, 0, 0, 1]);
    expect(tree.trace.contexts()).toEqual([]);
    expect(await refusalOf(tree.sup.startChild({ id: "a", logic: worker }))).toBe("already-present");
    await expect(tree.sup.restartChild("a")).resolves.toMatchObject({ address: "/sup/a" });
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });
});

describe("transient_abnormal", () => {
  test.each(abnormal)("a transient child that ends ($how) is started again", async (cause) => {
    await using tree = await treeOf("transient", cause);
    await tree.order(["a", cause.order]);
    expect(tree.trace.lives()).toEqual([expect.stringMatching(/^-a /u), "+a"]);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });
});

describe("temporary_normal, temporary_shutdown, temporary_abnormal", () => {
  test.each([...quiet, ...abnormal])("a temporary child that ends ($how) is gone, and its id is free again", async (cause) => {
    await using tree = await treeOf("temporary", cause);
    await tree.order(["a", cause.order]);
    expect(await tree.counts()).toEqual([0, 0, 0, 0]);
    await tree.sup.startChild({ id: "a", restart: "temporary", logic: worker });
    expect(await tree.list()).toEqual(["a running"]);
  });

  test.each([
    { causes: quiet, contexts: [] },
    { causes: abnormal, contexts: ["child-terminated a"] },
  ])("only its abnormal ends are reported: $contexts", async ({ causes, contexts }) => {
    for (const cause of causes) {
      await using tree = await treeOf("temporary", cause);
      await tree.order(["a", cause.order]);
      expect(tree.trace.contexts()).toEqual(contexts);
    }
  });
});

test("a temporary child uses no restarts up, however often it fails", async () => {
  await using tree = await startTree({ intensity: { maxRestarts: 0, periodMs: 1_000 } });
  for (let round = 0; round < 5; round++) {
    await tree.sup.startChild({ id: "a", restart: "temporary", logic: worker });
    await tree.order(["a", die]);
  }
  expect(tree.exit).toBeUndefined();
});
