import { SpecError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { agent, planner, verifier } from "./agent.ts";
import { contract } from "./contract.ts";
import { organization, type OrganizationParts } from "./organization.ts";

const criterion = { id: "check", statement: "it works", check: { run: async () => ({ passed: true, observed: "" }) } };
const worker = agent({ purpose: "Work." });

describe("organization", () => {
  test("fills in a budget, a risk class and a lead", () => {
    const made = organization({ name: "desk", agents: { worker } });
    expect(made.risk).toBe("medium");
    expect(made.budget.usd).toBeGreaterThan(0);
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
    {
      what: "a contract that is no function",
      parts: { name: "desk", agents: { worker }, contract: contract(criterion) } as unknown as OrganizationParts<unknown>,
      field: "contract",
    },
    {
      what: "a contract without a fingerprint",
      parts: { name: "desk", agents: { worker }, contract: () => contract(criterion) },
      field: "fingerprint",
    },
    {
      what: "a contract without a verifier",
      parts: {
        name: "desk",
        agents: { planner: planner({ purpose: "Plan." }), worker },
        contract: () => contract(criterion),
        fingerprint: async () => "1",
      },
      field: "agents",
    },
  ])("refuses $what", ({ parts, field }) => {
    expect(() => organization(parts)).toThrow(expect.objectContaining({ name: "SpecError", field }));
  });

  test("refuses an address for a name", () => {
    expect(() => organization({ name: "a/b", agents: { worker } })).toThrow("letters, digits");
  });

  test("accepts a crew", () => {
    const agents = { planner: planner({ purpose: "Plan." }), worker, verifier: verifier({ purpose: "Check." }) };
    expect(organization({ name: "crew", agents, contract: () => contract(criterion), fingerprint: async () => "1" }).name).toBe("crew");
  });
});

describe("contract", () => {
  test.each([
    { what: "no criteria", make: () => contract() },
    { what: "equal ids", make: () => contract(criterion, criterion) },
  ])("refuses $what", ({ make }) => {
    expect(make).toThrow(SpecError);
  });
});
