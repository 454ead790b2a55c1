/** Agents whose tool was cut off: what their models, and those who come after them, are told. */
import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import { agent, callTool, defineTool, organization, run, scriptedModel, VirtualClock, type RunResult } from "orgtree";
import type { OnFailure } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";

/** The till of a process that dies while its tool pays. */
class Till {
  readonly file = new MemoryFile();
  readonly keys: string[] = [];
  model = scriptedModel([]);
  readonly #onFailure: OnFailure;

  constructor(onFailure: OnFailure = {}) {
    this.#onFailure = onFailure;
  }

  /** Runs until it ends, or until the tool has begun. */
  async run(): Promise<RunResult | undefined> {
    const begun = Promise.withResolvers<undefined>();
    const pay = defineTool({
      name: "pay",
      description: "Pays.",
      kind: "irreversible",
      inputSchema: z.object({ to: z.string(), eur: z.number() }),
      execute: (_input, { key }) => {
        this.keys.push(key);
        begun.resolve(undefined);
        return new Promise<string>(() => {});
      },
    });
    const till = organization({
      name: "till",
      agents: { payer: agent({ purpose: "Pay.", tools: ["pay"], onFailure: this.#onFailure }) },
      tools: () => [pay],
    });
    this.model = scriptedModel({ payer: [callTool("pay", { to: "ann", eur: 10 }), "Somebody has to look."] });
    const clock = new VirtualClock();
    const result = run(till, "Pay Ann 10.", { model: this.model, journal: new MemoryJournal(this.file), clock });
    const state = { isOver: false };
    const first = Promise.race([result, begun.promise]);
    void first.finally(() => (state.isOver = true)).catch(() => {});
    while (!state.isOver) await clock.advance(1_000);
    return await first;
  }

  /** What the model was told last. */
  get told(): string {
    return this.model.requests
      .at(-1)!
      .messages.map(({ role, content }) => `${role}: ${content}`)
      .join("\n");
  }
}

const unknown = (till: Till): string =>
  `the tool pay({"to":"ann","eur":10}) was under way when its process ended, and whether it was done is unknown (it is irreversible): look whether it was done for the key ${till.keys[0]!}`;

describe("a tool that cannot be taken back and was cut off", () => {
  test("is named in the failure of the run, with its arguments and its key", async () => {
    const till = new Till();
    expect(await till.run()).toBe(undefined);
    const result = await till.run();
    expect(result).toMatchObject({ status: "failed", failure: { class: "unknown-outcome" } });
    expect(JSON.stringify(result)).toContain(JSON.stringify(unknown(till)).slice(1, -1));
    expect(till.keys).toHaveLength(1);
  });

  test("is told to the model as what the tool came to, where the agent goes on; its conversation is kept", async () => {
    const till = new Till({ "unknown-outcome": "resume" });
    await till.run();
    const result = await till.run();
    expect(result).toMatchObject({ status: "done", output: "Somebody has to look." });
    expect(result!.report.agents[0]).toMatchObject({ name: "payer", restarts: 0, toolCalls: 1 });
    expect(result!.report.decisions.map(({ context, directive }) => [context, directive])).toEqual([["directive", "resume"]]);
    expect(till.told).toContain(`tool: ${unknown(till)}`);
    expect(till.keys).toHaveLength(1);
  });

  test("is told to the fresh agent, where it begins afresh", async () => {
    const till = new Till({ "unknown-outcome": "restart" });
    await till.run();
    await till.run();
    expect(till.told).toMatch(/^system: [\s\S]*What happened before:/);
    expect(till.told).toContain(unknown(till));
    expect(till.told).not.toContain("tool:");
  });
});
