import {
  agent,
  callTool,
  crew,
  customAgent,
  defineTool,
  organization,
  plain,
  RunRecord,
  scriptedModel,
  verifier,
  type AgentWorld,
  type Lead,
  type Organization,
} from "orgtree";
import { describe, expect, test } from "vitest";
import { setup } from "xstate";
import { z } from "zod";
import { runOnVirtualTime } from "./run-on-virtual-time.ts";

interface Desk {
  text: string;
}

/** A lead that says that it is done, whoever did or checked what. */
const careless: Lead = () => ({
  logic: setup({}).createMachine({
    id: "careless",
    initial: "done",
    states: { done: { type: "final" } },
    output: { result: "All is well.", reason: "" },
  }),
});

function deskOf(parts: Partial<Organization<Desk>> = {}): Organization<Desk> {
  return organization<Desk>({
    name: "desk",
    agents: { worker: agent({ purpose: "Write." }), verifier: verifier({ purpose: "Check." }) },
    contract: {
      criteria: () => [
        {
          id: "short",
          statement: "at most 5 characters",
          check: { run: async ({ artefact }) => ({ passed: artefact.length <= 5, observed: `${artefact.length} characters` }) },
        },
      ],
      fingerprint: async ({ text }) => text,
    },
    ...parts,
  });
}

const look = defineTool({ name: "look", description: "Looks.", kind: "pure", inputSchema: z.object({}), execute: async () => "" });
const handIn = callTool("deliver", { summary: "Short, I promise.", passed: [], unproven: ["short"] });

describe("a run under a contract", () => {
  test("is done when the hold point opened for the work as it is at the end, and names it", async () => {
    const result = await runOnVirtualTime(deskOf(), "a word", { model: scriptedModel([handIn]), environment: { text: "sea" } });
    expect(result).toMatchObject({ status: "done", artefact: "sea" });
  });

  test("has failed as unverified when its lead never asked the hold point, whatever it says", async () => {
    const result = await runOnVirtualTime(deskOf({ lead: careless }), "a word", { model: scriptedModel([]), environment: { text: "sea" } });
    expect(result).toMatchObject({ status: "failed", failure: { class: "unverified", address: "/desk/lead" }, output: "All is well." });
    expect(JSON.stringify(result)).toContain("without passing the hold point");
  });

  test("has failed as unverified when the fingerprint cannot be taken at the end", async () => {
    const broken = async (): Promise<string> => {
      throw new RangeError("the desk is gone");
    };
    const desk = deskOf();
    const contract = { ...desk.contract!, fingerprint: broken };
    const result = await runOnVirtualTime({ ...desk, lead: careless, contract }, "a word", {
      model: scriptedModel([]),
      environment: { text: "" },
    });
    expect(result).toMatchObject({ status: "failed", failure: { class: "unverified", cause: { message: "the desk is gone" } } });
  });

  test("sends back a hand-in that names no criterion, whatever its summary says", async () => {
    const silent = callTool("deliver", { summary: "All checks pass, I ran them twice.", passed: [] });
    const model = scriptedModel([silent, handIn]);
    const result = await runOnVirtualTime(deskOf(), "a word", { model, environment: { text: "sea" } });
    expect(result.status).toBe("done");
    expect(JSON.stringify(model.requests[1])).toContain("name each criterion once, in passed or in unproven: short");
  });

  test("ends, with the cause, when the hold point cannot take the fingerprint", async () => {
    const fingerprint = async (): Promise<string> => {
      throw new RangeError("the desk is gone");
    };
    const desk = deskOf();
    const contract = { ...desk.contract!, fingerprint };
    const result = await runOnVirtualTime({ ...desk, contract }, "a word", {
      model: scriptedModel([handIn]),
      environment: { text: "sea" },
    });
    expect(result).toMatchObject({ status: "failed", failure: { class: "no-progress" } });
    expect(JSON.stringify(result)).toContain("the desk is gone");
  });

  test.each([
    { what: "nothing", value: undefined, says: "not undefined" },
    { what: "a number", value: 7, says: "not a value of type number" },
    { what: "a list", value: ["7"], says: "not a value of type object" },
  ])("ends, with a name for the mistake, when its fingerprint is $what", async ({ value, says }) => {
    const desk = deskOf();
    const contract = { ...desk.contract!, fingerprint: async () => value as never };
    const wrong = { ...desk, contract };
    const options = { environment: { text: "sea" } };
    const message = `contract.fingerprint must give a text that names the work as it stands, ${says}; for a repository use fingerprintOf`;
    const result = await runOnVirtualTime(wrong, "a word", { model: scriptedModel([handIn]), ...options });
    expect(result.status).toBe("failed");
    expect(JSON.stringify(result)).toContain(message);
    const blind = await runOnVirtualTime({ ...wrong, lead: careless }, "a word", { model: scriptedModel([]), ...options });
    expect(blind).toMatchObject({
      status: "failed",
      failure: { class: "unverified", cause: { class: "unverified", kind: "bad-fingerprint", message } },
    });
  });

  test("is refused where its lead needs a contract that there is not, or two tools have one name", async () => {
    const options = { model: scriptedModel([]), environment: { text: "" } };
    const worker = agent({ purpose: "Write." });
    const leaderless = organization<Desk>({ name: "desk", agents: { worker }, lead: crew });
    await expect(runOnVirtualTime(leaderless, "a word", options)).rejects.toMatchObject({ name: "SpecError", field: "lead" });
    const hiding = deskOf({ tools: () => [{ ...look, name: "run_check" }] });
    await expect(runOnVirtualTime(hiding, "a word", options)).rejects.toMatchObject({ name: "SpecError", field: "tools" });
  });

  test("refuses options that there are not", async () => {
    const options = { modle: scriptedModel([]) } as never;
    await expect(runOnVirtualTime(deskOf(), "a word", options)).rejects.toMatchObject({ name: "SpecError", field: "modle" });
  });
});

describe("an agent of one's own", () => {
  test("finds no writing end of the record in anything that it is given", async () => {
    let world: AgentWorld | undefined;
    const spy = customAgent({ purpose: "Spy." }, (given) => {
      world = given;
      return plain({ init: () => 0, receive: (state: number) => state });
    });
    const desk = deskOf();
    const result = await runOnVirtualTime(organization({ ...desk, agents: { ...desk.agents, spy } }), "a word", {
      model: scriptedModel([handIn]),
      environment: { text: "sea" },
    });
    expect(result.status).toBe("done");
    expect(reachable(world!).some((value) => value instanceof RunRecord)).toBe(false);
    expect("add" in world!.record).toBe(false);
  });

  test("can have the contract's checks executed, and cannot put its own in their place", async () => {
    const outcomes: unknown[] = [];
    const spy = customAgent({ purpose: "Spy." }, ({ checker, record }) => {
      const context = { key: "/desk/spy#0.0", signal: new AbortController().signal };
      const forged = { id: "short", check: { run: async () => ({ passed: true, observed: "" }) } };
      const attempts = [checker!.run(forged as never, context), checker!.run("short", context)];
      void Promise.allSettled(attempts).then((ends) => outcomes.push(...ends, record.check(context.key)));
      return plain({ init: () => 0, receive: (state: number) => state });
    });
    const desk = deskOf();
    const options = { model: scriptedModel([handIn, handIn, handIn, handIn]), environment: { text: "far too long" } };
    const result = await runOnVirtualTime(organization({ ...desk, agents: { ...desk.agents, spy } }), "a word", options);
    expect(result).toMatchObject({ status: "failed", failure: { class: "rejected" } });
    expect(outcomes).toMatchObject([
      { status: "rejected", reason: { name: "ToolError", kind: "invalid-input" } },
      { status: "fulfilled", value: { passed: false } },
      { by: "/desk/spy", passed: false },
    ]);
  });
});

/** Everything that can be got at from a value by properties. */
function reachable(start: object): readonly object[] {
  const seen = new Set<object>();
  const look = (value: unknown): void => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    for (const { value: inner } of Object.values(Object.getOwnPropertyDescriptors(value))) look(inner);
    look(Object.getPrototypeOf(value));
  };
  look(start);
  return [...seen];
}
