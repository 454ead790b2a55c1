import { startChatServer, streamedText } from "@orgtree/model/testing";
import {
  agent,
  callTool,
  customAgent,
  describeCause,
  describeFailure,
  openaiModel,
  organization,
  plain,
  planner,
  run,
  scriptedModel,
  verifier,
  type Failure,
  type Organization,
} from "orgtree";
import { describe, expect, test } from "vitest";
import { setup } from "xstate";

const writer = agent({ purpose: "Write." });
const desk = organization({ name: "desk", agents: { writer } });
const model = scriptedModel(() => "The sea.");
const priced = scriptedModel(() => "The sea.", { prices: { inputPerMillion: 1, outputPerMillion: 2 } });
const endless = setup({}).createMachine({ initial: "turning", states: { turning: { on: { turn: "turning" } } } });
const saving = organization({ name: "desk", agents: { writer }, budget: { usd: 0.5 } });

/** What somebody without a type-checker might call. */
const cases: readonly { readonly what: string; readonly call: () => Promise<unknown>; readonly says: string }[] = [
  { what: "no model", call: () => run(desk, "x", {} as never), says: "model: a model client, such as openaiModel(" },
  { what: "the name of a model", call: () => run(desk, "x", { model: "gpt-4" } as never), says: 'model: "gpt-4" }) or scriptedModel(' },
  { what: "no options", call: () => run(desk, "x", undefined as never), says: "options: an object { model, environment" },
  { what: "a text for options", call: () => run(desk, "x", "gpt-4" as never), says: "options: an object { model, environment" },
  { what: "no task", call: () => run(desk, undefined as never, { model }), says: "task: a text that says what is to be done" },
  {
    what: "parts that organization() did not check",
    call: () => run({ name: "desk", agents: { writer } } as never as Organization, "x", { model }),
    says: "organization: is none; make it with organization({ name, agents, … })",
  },
  {
    what: "a limit of dollars and a model without prices",
    call: () => run(saving, "x", { model }),
    says: "budget.usd: $0.5 would limit nothing: no prices are known for scripted, the model of writer; give its client prices: { inputPerMillion",
  },
  {
    what: "an agent's limit of dollars and a model without prices",
    call: () => run(organization({ name: "desk", agents: { writer: agent({ purpose: "Write.", budget: { usd: 1 } }) } }), "x", { model }),
    says: "agents.writer.budget.usd: $1 would limit nothing",
  },
  {
    what: "an agent of one's own that is nothing",
    call: () =>
      run(organization({ name: "desk", agents: { writer: customAgent({ purpose: "Write." }, () => undefined as never) } }), "x", { model }),
    says: "agents.writer: its function has to give an XState machine, plain() or machine()",
  },
];

describe("a run", () => {
  test.each(cases)("of $what is refused with one SpecError, before anything runs", async ({ call, says }) => {
    await expect(call()).rejects.toMatchObject({ name: "SpecError", message: expect.stringContaining(says) });
  });

  test("of a machine that cannot end is refused with the name of the agent", async () => {
    const stuck = organization({ name: "desk", agents: { writer: customAgent({ purpose: "Turn." }, () => endless) } });
    await expect(run(stuck, "x", { model })).rejects.toMatchObject({
      name: "MachineLintError",
      message: expect.stringMatching(/^machine "agents\.writer: \(machine\)" is refused, \d errors?:\n {2}no-final/),
    });
  });

  test("needs no model of its own where every agent has one", async () => {
    const own = organization({ name: "desk", agents: { writer: agent({ purpose: "Write.", model }) } });
    expect(await run(own, "x", {} as never)).toMatchObject({ status: "done", output: "The sea." });
  });

  test("with a limit of dollars is held to it where there are prices", async () => {
    expect(await run(saving, "x", { model: priced })).toMatchObject({ status: "done", report: { unpriced: [] } });
    const poor = organization({ name: "desk", agents: { writer }, budget: { usd: 0.000_001 } });
    expect(await run(poor, "x", { model: priced })).toMatchObject({
      status: "failed",
      failure: { class: "budget-exhausted", kind: "usd" },
    });
  });

  test("with a limit of dollars and prices of 0 is done, and its calls are in the sum", async () => {
    const free = scriptedModel(() => "The sea.", { prices: { inputPerMillion: 0, outputPerMillion: 0 } });
    expect(await run(saving, "x", { model: free })).toMatchObject({ status: "done", report: { usd: 0, unpriced: [] } });
  });

  test("without prices says in its report whose calls are in no sum", async () => {
    const { report } = await run(desk, "x", { model });
    expect(report).toMatchObject({ usd: 0, unpriced: ["scripted"], decisions: [] });
  });
});

describe("a check that does not answer as a check", () => {
  test.each([
    { what: "true", outcome: true, says: "got true" },
    { what: "nothing", outcome: undefined, says: "got undefined" },
    { what: "half an outcome", outcome: { passed: true }, says: "got an object { passed: boolean, observed: undefined }" },
  ])("but with $what fails the run, and is named", async ({ outcome, says }) => {
    let asked = 0;
    const handIn = callTool("deliver", { summary: "Done.", passed: [], unproven: ["good"] });
    const checked = organization({
      name: "desk",
      agents: {
        worker: agent({ purpose: "Work.", model: scriptedModel(() => (asked++, handIn)) }),
        verifier: verifier({ purpose: "Check." }),
      },
      contract: {
        fingerprint: async () => "1",
        criteria: () => [{ id: "good", statement: "it is good", check: { run: async () => outcome as never } }],
      },
    });
    const result = await run(checked, "x", { model });
    expect(result).toMatchObject({ status: "failed", failure: { class: "unverified", kind: "bad-check" } });
    expect(JSON.stringify(result)).toContain(`contract.criteria[0].check.run must return { passed, observed }, ${says}`);
    expect(asked).toBe(1);
  });
});

describe("a relay", () => {
  test("hands a plan on as text", async () => {
    const heard: unknown[] = [];
    const planned = { steps: [{ goal: "Begin.", doneWhen: "it has begun" }] };
    const ear = plain<number, { assignment: { material?: string } }>({
      init: () => 0,
      receive(state, { assignment }, turn) {
        heard.push(assignment.material);
        turn.reply({ value: "heard" });
        return state;
      },
    });
    const relayed = organization({
      name: "desk",
      agents: { head: planner({ purpose: "Plan." }), ear: customAgent({ purpose: "Hear." }, () => ear) },
    });
    await run(relayed, "x", { model: scriptedModel([callTool("deliver", planned)]) });
    expect(heard).toEqual([JSON.stringify(planned, undefined, 2)]);
  });
});

describe("openaiModel, of the one door", () => {
  test("needs no clock and no source of chance", async () => {
    await using server = await startChatServer({ replies: [streamedText("The sea.")] });
    const client = openaiModel({ apiKey: "k", baseURL: server.url, model: "tiny" });
    expect(await run(desk, "x", { model: client })).toMatchObject({ status: "done", output: "The sea." });
  });

  test("refuses a misspelt address", () => {
    const misspelt = { apiKey: "k", model: "tiny", bseURL: "http://127.0.0.1:1/v1" };
    expect(() => openaiModel(misspelt)).toThrow("openaiModel.bseURL: there is no such field; did you mean baseURL?");
  });
});

describe("describeCause", () => {
  test("tells what began it, and where", async () => {
    const result = await run(desk, "x", { model: scriptedModel({ editor: ["The sea."] }) });
    const { failure } = result as { failure: Failure };
    expect(describeFailure(failure)).toMatch(/^model-error\/bad-request at \/desk: gave up on writer/);
    expect(describeCause(failure)).toMatch(/^model-error\/bad-request at \/desk\/writer: .*there is no script for it, only for editor/);
  });
});
