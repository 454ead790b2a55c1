import type { OnFailure } from "@orgtree/core";
import { SpecError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { agent, critic, customAgent, planner, verifier } from "./agent.ts";
import { openContract, type Contract, type Criterion } from "./contract.ts";
import { crew } from "./crew.ts";
import { organization, runBudget, type OrganizationParts } from "./organization.ts";

const criterion: Criterion = { id: "check", statement: "it works", check: { run: async () => ({ passed: true, observed: "" }) } };
const worker = agent({ purpose: "Work." });
const checker = verifier({ purpose: "Check." });
const contract: Contract = { criteria: () => [criterion], fingerprint: async () => "1" };

/** Parts as somebody without a type-checker might write them. */
const untyped = (parts: object): OrganizationParts<unknown> => ({ name: "desk", agents: { worker }, ...parts });

describe("organization", () => {
  test("fills in a budget, a risk class and a lead", () => {
    const made = organization({ name: "desk", agents: { worker } });
    expect(made.risk).toBe("medium");
    expect(made.budget.tokens).toBeGreaterThan(0);
    expect(runBudget(made).usd).toBeGreaterThan(0);
    expect(made.lead).toBeTypeOf("function");
  });

  test.each<{ what: string; parts: OrganizationParts<unknown>; field: string }>([
    { what: "no agents", parts: { name: "desk", agents: {} }, field: "agents" },
    {
      what: "an agent without a purpose",
      parts: { name: "desk", agents: { worker: agent({ purpose: " " }) } },
      field: "agents.worker.purpose",
    },
    {
      what: "tools that are no list",
      parts: untyped({ agents: { worker: agent({ purpose: "Work.", tools: "look" as never }) } }),
      field: "agents.worker.tools",
    },
    {
      what: "an unknown recipient",
      parts: { name: "desk", agents: { worker: agent({ purpose: "Work.", recipients: ["boss"] }) } },
      field: "agents.worker.recipients",
    },
    {
      what: "a budget below nothing",
      parts: { name: "desk", agents: { worker: agent({ purpose: "Work.", budget: { usd: -1 } }) } },
      field: "agents.worker.budget.usd",
    },
    { what: "a name that the run needs", parts: { name: "desk", agents: { gate: worker } }, field: "agents.gate" },
    {
      what: "a verifier without a contract",
      parts: { name: "desk", agents: { worker, checker: verifier({ purpose: "Check." }) } },
      field: "agents.checker",
    },
    { what: "a contract that is a list", parts: untyped({ agents: { worker, checker }, contract: [criterion] }), field: "contract.0" },
    {
      what: "a contract without criteria",
      parts: untyped({ agents: { worker, checker }, contract: { fingerprint: contract.fingerprint } }),
      field: "contract.criteria",
    },
    {
      what: "a contract without a fingerprint",
      parts: untyped({ agents: { worker, checker }, contract: { criteria: contract.criteria } }),
      field: "contract.fingerprint",
    },
    { what: "a contract without a verifier", parts: untyped({ agents: { worker }, contract }), field: "agents" },
    { what: "a contract without a worker", parts: untyped({ agents: { checker }, contract }), field: "agents" },
    { what: "an agent that agent() did not make", parts: untyped({ agents: { worker: { purpose: "Work." } } }), field: "agents.worker" },
    { what: "no parts", parts: "desk" as never, field: "organization" },
    {
      what: "an answer to a class of failures that there is not",
      parts: untyped({ agents: { worker: agent({ purpose: "Work.", onFailure: { crsh: "restart" } as never }) } }),
      field: "agents.worker.onFailure.crsh",
    },
    {
      what: "a directive that there is not",
      parts: untyped({ agents: { worker: agent({ purpose: "Work.", onFailure: { crash: "retry" } as never }) } }),
      field: "agents.worker.onFailure.crash[0]",
    },
    {
      what: "a backoff upside down",
      parts: untyped({ agents: { worker: agent({ purpose: "Work.", backoff: { minMs: 10, maxMs: 1 } }) } }),
      field: "agents.worker.backoff.maxMs",
    },
    {
      what: "the name of a model for a model",
      parts: untyped({ agents: { worker: agent({ purpose: "Work.", model: "gpt-4" as never }) } }),
      field: "agents.worker.model",
    },
    { what: "a risk class that there is not", parts: untyped({ risk: "high" }), field: "risk" },
    { what: "something else to work on", parts: untyped({ worksOn: "the sea" }), field: "worksOn" },
  ])("refuses $what", ({ parts, field }) => {
    expect(() => organization(parts)).toThrow(expect.objectContaining({ name: "SpecError", field }));
  });

  test.each([
    {
      what: "a new plan",
      made: agent,
      onFailure: { loop: "replan" },
      says: "agents.one.onFailure.loop: replan needs a supervisor with a plan",
    },
    { what: "a new plan", made: customAgent, onFailure: { loop: "replan" }, says: "agents.one.onFailure.loop: replan needs" },
    { what: "a rollback", made: agent, onFailure: { crash: [{ directive: "rollback" }] }, says: "agent() makes no checkpoint" },
    { what: "a rollback", made: verifier, onFailure: { crash: "rollback" }, says: "verifier() makes no checkpoint" },
  ] as const)("refuses $what as an answer that could never be given", ({ made, onFailure, says }) => {
    const one = made({ purpose: "Work.", onFailure: onFailure as OnFailure }, () => ({}) as never);
    expect(() => organization({ name: "desk", agents: { one } })).toThrow(says);
  });

  test("lets an agent of one's own go back, which may make checkpoints", () => {
    const one = customAgent({ purpose: "Work.", onFailure: { crash: "rollback" } }, () => ({}) as never);
    expect(organization({ name: "desk", agents: { one } }).name).toBe("desk");
  });

  test("refuses an address for a name", () => {
    expect(() => organization({ name: "a/b", agents: { worker } })).toThrow("letters, digits");
  });

  test.each([
    { kind: "worker", twins: { scribe: worker, editor: worker } },
    { kind: "planner", twins: { scribe: planner({ purpose: "Plan." }), editor: planner({ purpose: "Plan." }), worker } },
    { kind: "critic", twins: { scribe: critic({ purpose: "Doubt." }), editor: critic({ purpose: "Doubt." }), worker } },
  ])("refuses a second $kind in a crew, which would never be asked", ({ kind, twins }) => {
    const parts = { name: "crew", agents: { ...twins, checker }, contract };
    const told = expect.objectContaining({
      name: "SpecError",
      field: "agents.editor",
      message: expect.stringContaining(`a crew asks one ${kind} (scribe)`),
    });
    expect(() => organization(parts)).toThrow(told);
    expect(() => organization({ ...parts, lead: crew })).toThrow(told);
    expect(organization({ ...parts, lead: () => ({ logic: {} as never }) }).name).toBe("crew");
  });

  test("lets a crew have a worker whom another agent may address", () => {
    const boss = customAgent({ purpose: "Ask.", recipients: ["helper"] }, () => ({}) as never);
    expect(organization({ name: "crew", agents: { worker, helper: worker, boss, checker }, contract }).name).toBe("crew");
  });

  test("accepts a crew", () => {
    const agents = { planner: planner({ purpose: "Plan." }), worker, verifier: verifier({ purpose: "Check." }) };
    expect(organization({ name: "crew", agents, contract }).name).toBe("crew");
  });
});

describe("a field that there is not", () => {
  test.each([
    {
      what: "an agent",
      make: () => organization(untyped({ agents: { worker: agent({ purpose: "Work.", tool: ["look"] } as never) } })),
      field: "agents.worker.tool",
      meant: "tools",
    },
    {
      what: "a planner",
      make: () => organization(untyped({ agents: { head: planner({ purpos: "Plan." } as never) } })),
      field: "agents.head.purpos",
      meant: "purpose",
    },
    {
      what: "the supervision of an agent",
      make: () => organization(untyped({ agents: { worker: agent({ purpose: "Work.", onFailur: {} } as never) } })),
      field: "agents.worker.onFailur",
      meant: "onFailure",
    },
    { what: "an organization", make: () => organization(untyped({ agent: {} })), field: "agent", meant: "agents" },
    {
      what: "a contract",
      make: () => organization(untyped({ agents: { worker, checker }, contract: { ...contract, deadline: 1 } })),
      field: "contract.deadline",
      meant: "leave it out",
    },
    { what: "a budget", make: () => organization(untyped({ budget: { token: 5 } })), field: "budget.token", meant: "tokens" },
    {
      what: "an agent's budget",
      make: () => organization(untyped({ agents: { worker: agent({ purpose: "Work.", budget: { wallMS: 5 } as never }) } })),
      field: "agents.worker.budget.wallMS",
      meant: "wallMs",
    },
    {
      what: "a criterion",
      make: () => openContract({ ...contract, criteria: () => [{ ...criterion, statment: "it works" } as never] }, undefined),
      field: "contract.criteria[0].statment",
      meant: "statement",
    },
    {
      what: "a check",
      make: () => openContract({ ...contract, criteria: () => [{ ...criterion, check: { runs: 1 } } as never] }, undefined),
      field: "contract.criteria[0].check.runs",
      meant: "run",
    },
  ])("of $what is refused, with its name and what was probably meant", ({ make, field, meant }) => {
    expect(make).toThrow(expect.objectContaining({ name: "SpecError", field, message: expect.stringContaining(meant) }));
  });
});

describe("openContract", () => {
  test.each([
    { what: "no criteria", criteria: [] },
    { what: "equal ids", criteria: [criterion, criterion] },
  ])("refuses $what", ({ criteria }) => {
    expect(() => openContract({ ...contract, criteria: () => criteria }, undefined)).toThrow(SpecError);
  });

  test("keeps the criteria as they were, whoever changes them later", async () => {
    const mutable = { ...criterion, check: { run: async () => ({ passed: false, observed: "no" }) } };
    const opened = openContract({ ...contract, criteria: () => [mutable] }, undefined);
    mutable.check.run = async () => ({ passed: true, observed: "yes" });
    const context = { key: "", signal: new AbortController().signal, artefact: "1" };
    expect(await opened.criteria[0]!.check.run(context)).toMatchObject({ passed: false });
  });
});
