import { callTool, run, scriptedModel, type CheckOutcome } from "orgtree";
import { describe, expect, test } from "vitest";
import { crewOf, isShort, type Sheet } from "./crew.ts";
import { runOnVirtualTime } from "./run-on-virtual-time.ts";

interface Bench extends Sheet {
  checks: number;
}

const plan = callTool("deliver", { steps: [{ goal: "Write it.", doneWhen: "it is there" }] });
const admit = callTool("deliver", { objections: [] });
const object = callTool("deliver", { objections: [{ risk: "it will be too long", blocking: true }] });
const write = (text: string) => callTool("write", { text });
const check = callTool("run_check", { criterion: "short" });
const deliver = (...passed: string[]) =>
  callTool("deliver", { summary: "Written.", passed, unproven: ["short"].filter((id) => !passed.includes(id)) });

function counted(bench: Bench): Promise<CheckOutcome> {
  bench.checks++;
  return isShort(bench);
}

const fresh = (): Bench => ({ text: "", checks: 0 });

describe("a crew", () => {
  test("plans, reviews, works, and passes the hold point", async () => {
    const environment = fresh();
    const model = scriptedModel({ planner: [plan], critic: [admit], worker: [write("sea"), check, deliver("short")] });
    const result = await runOnVirtualTime(crewOf(counted), "a word", { model, environment });
    expect(result).toMatchObject({ status: "done", output: { summary: "Written." } });
    expect(result.report.verdicts).toMatchObject([{ accepted: true, by: "/crew/verifier" }]);
    expect(environment.checks).toBe(2);
    model.assertComplete();
  });

  test("sends work back with the evidence, and the worker mends it", async () => {
    const environment = fresh();
    const model = scriptedModel({ planner: [plan], critic: [admit], worker: [write("the wide sea"), deliver(), write("sea"), deliver()] });
    const result = await runOnVirtualTime(crewOf(counted), "a word", { model, environment });
    expect(result.status).toBe("done");
    expect(result.report.verdicts.map(({ accepted }) => accepted)).toEqual([false, true]);
    expect(JSON.stringify(model.requests.at(-2))).toContain("12 characters");
  });

  test("ends rejected, with the best that there was, when the work never passes", async () => {
    const worker = Array.from({ length: 4 }, (_, round) => [write(`far too long ${round}`), deliver()]).flat();
    const result = await runOnVirtualTime(crewOf(counted), "a word", {
      model: scriptedModel({ planner: [plan], critic: [admit], worker }),
      environment: fresh(),
    });
    expect(result).toMatchObject({
      status: "failed",
      failure: { class: "rejected", cause: { class: "rejected" } },
      output: { summary: "Written." },
    });
    expect(result.report.verdicts).toHaveLength(4);
  });

  test("does not believe that a check passed which was never run", async () => {
    const worker = [write("sea"), deliver("short"), check, deliver("short")];
    const result = await runOnVirtualTime(crewOf(counted), "a word", {
      model: scriptedModel({ planner: [plan], critic: [admit], worker }),
      environment: fresh(),
    });
    expect(result.status).toBe("done");
    expect(result.report.agents.find(({ name }) => name === "worker")?.failures).toMatchObject([{ class: "unfounded-claim" }]);
  });

  test("plans again when the critic objects, and ends in disagreement when that goes on", async () => {
    const once = scriptedModel({ planner: [plan, plan], critic: [object, admit], worker: [write("sea"), deliver()] });
    expect((await runOnVirtualTime(crewOf(counted), "a word", { model: once, environment: fresh() })).status).toBe("done");
    expect(JSON.stringify(once.requests[2])).toContain("it will be too long");
    const always = scriptedModel({ planner: [plan, plan, plan], critic: [object, object, object], worker: [] });
    const result = await runOnVirtualTime(crewOf(counted), "a word", { model: always, environment: fresh() });
    expect(result).toMatchObject({ status: "failed", failure: { class: "disagreement" } });
  });

  test("asks no critic at low risk", async () => {
    const model = scriptedModel({ planner: [plan], worker: [write("sea"), deliver()] });
    expect((await runOnVirtualTime({ ...crewOf(counted), risk: "low" }, "a word", { model, environment: fresh() })).status).toBe("done");
  });

  test("holds back work that changed while it was checked", async () => {
    const environment = fresh();
    let sabotaged = false;
    const outcome = async (bench: Bench): Promise<CheckOutcome> => {
      if (!sabotaged) bench.text = "changed";
      sabotaged = true;
      return { passed: true, observed: "fine" };
    };
    const model = scriptedModel({ planner: [plan], critic: [admit], worker: [write("sea"), deliver(), deliver()] });
    const result = await runOnVirtualTime(crewOf(outcome), "a word", { model, environment });
    expect(result.report.verdicts.map(({ accepted }) => accepted)).toEqual([false, true]);
    expect(result.report.verdicts[0]!.reason).toContain("the work changed while it was checked");
  });

  test("survives a verifier whose check cannot be executed, up to a bound", async () => {
    const outcome = async (): Promise<CheckOutcome> => {
      throw new Error("the disk is gone");
    };
    const worker = Array.from({ length: 8 }, () => deliver());
    const result = await runOnVirtualTime(crewOf(outcome), "a word", {
      model: scriptedModel({ planner: [plan], critic: [admit], worker }),
      environment: fresh(),
    });
    expect(result.status).toBe("failed");
    expect(JSON.stringify(result.status === "failed" ? result.failure : "")).toContain("the disk is gone");
  });

  test("that is cancelled stops in order and says so", async () => {
    const controller = new AbortController();
    const model = scriptedModel({ planner: [plan], critic: [admit], worker: [write("sea")] });
    const result = await run(crewOf(counted), "a word", {
      model,
      environment: fresh(),
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === "state-changed" && event.address === "/crew/lead" && event.to === "working") controller.abort();
      },
    });
    expect(result.status).toBe("cancelled");
  });
});
