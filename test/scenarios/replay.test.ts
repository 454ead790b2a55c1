/** The run of a crew, computed again from its journal: no model is asked, no tool is called. */
import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import { buildRun, RunRecord, type RunTree } from "@orgtree/org";
import { createActorSystem, replay, VirtualClock, type ReplayReport } from "@orgtree/runtime";
import { agent, callTool, organization, OtherRunError, scriptedModel, specsOfRun, type ModelClient } from "orgtree";
import { expect, test } from "vitest";
import { crewOf, isShort, type Sheet } from "./crew.ts";
import { runOnVirtualTime } from "./run-on-virtual-time.ts";

const crew = crewOf(isShort);

function makeTree(model: ModelClient, environment: Sheet, record: RunRecord): RunTree {
  return buildRun({
    organization: crew,
    task: "a word",
    environment,
    model,
    record,
    address: "/crew",
  });
}

const deliver = (passed: boolean) =>
  callTool("deliver", { summary: "Written.", passed: passed ? ["short"] : [], unproven: passed ? [] : ["short"] });

/** Runs the crew, and computes what was stored once more. */
async function runAndReplay(worker: readonly ReturnType<typeof callTool>[]): Promise<{ report: ReplayReport; bench: Sheet }> {
  const file = new MemoryFile();
  const clock = new VirtualClock();
  const model = scriptedModel({
    planner: [callTool("deliver", { steps: [{ goal: "Write it.", doneWhen: "it is there" }] })],
    critic: [callTool("deliver", { objections: [] })],
    worker: [...worker],
  });
  const bench = { text: "" };
  // What was executed as evidence is in no turn; a later process is given it as the first one had it.
  const record = new RunRecord({ logger: undefined });
  const system = createActorSystem({ clock, journal: new MemoryJournal(file) });
  const state = { isOver: false };
  system.observe((event) => {
    if (event.type === "actor-exited" && event.address === "/crew") state.isOver = true;
  });
  await Promise.all([system.start(makeTree(model, bench, record).spec), clock.settle()]);
  while (!state.isOver) await clock.advance(1_000);
  model.assertComplete();
  const untouched = { text: "" };
  const nobody = { complete: () => Promise.reject(new Error("a model was asked")) } as unknown as ModelClient;
  const report = await replay(new MemoryJournal(file), [makeTree(nobody, untouched, record).spec]);
  expect(untouched).toEqual({ text: "" });
  return { report, bench };
}

test("leads to the same states", async () => {
  const { report, bench } = await runAndReplay([
    callTool("write", { text: "the wide sea" }),
    deliver(false),
    callTool("write", { text: "sea" }),
    callTool("run_check", { criterion: "short" }),
    deliver(true),
  ]);
  expect(bench.text).toBe("sea");
  expect(report.divergence).toBeUndefined();
  expect([report.computed > 30, Object.keys(report.skipped)]).toEqual([true, ["decision"]]);
});

test("needs no more of a run than its organization and its journal", async () => {
  const file = new MemoryFile();
  const worker = [callTool("write", { text: "sea" }), callTool("run_check", { criterion: "short" }), deliver(true)];
  const model = scriptedModel({
    planner: [callTool("deliver", { steps: [{ goal: "Write it.", doneWhen: "it is there" }] })],
    critic: [callTool("deliver", { objections: [] })],
    worker,
  });
  const { status } = await runOnVirtualTime(crew, "a word", { model, environment: { text: "" }, journal: new MemoryJournal(file) });
  expect(status).toBe("done");
  const journal = new MemoryJournal(file);
  const untouched = { text: "" };
  const report = await replay(journal, await specsOfRun(crew, { journal, environment: untouched }));
  expect([report.divergence, report.computed > 30, Object.keys(report.skipped)]).toEqual([undefined, true, ["decision"]]);
  expect(untouched).toEqual({ text: "" });
  const other = organization({ name: "other", agents: { writer: agent({ purpose: "Write." }) } });
  await expect(specsOfRun(other, { journal })).rejects.toThrow(OtherRunError);
  await expect(specsOfRun(other, { journal: new MemoryJournal(new MemoryFile()) })).rejects.toThrow("the journal is of no run of other");
});
