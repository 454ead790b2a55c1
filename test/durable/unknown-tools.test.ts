/** Agents whose tool was cut off: what is done about it, and what their models, and those who come after them, are told. */
import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import {
  agent,
  buildRun,
  callTool,
  createActorSystem,
  defineTool,
  hang,
  organization,
  run,
  RunRecord,
  scriptedModel,
  supervisor,
  VirtualClock,
  type RunResult,
} from "orgtree";
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

describe("a compensable tool that was cut off", () => {
  /** Books, and dies the first time; `undo` fails where it is told to. */
  function booking(undo: (key: string) => void): {
    readonly file: MemoryFile;
    readonly done: string[];
    readonly go: () => Promise<RunResult | undefined>;
  } {
    const file = new MemoryFile();
    const done: string[] = [];
    const go = async (): Promise<RunResult | undefined> => {
      const begun = Promise.withResolvers<undefined>();
      const book = defineTool({
        name: "book",
        description: "Books.",
        kind: "compensable",
        inputSchema: z.object({ who: z.string().transform((who) => who.toUpperCase()) }),
        execute: ({ who }, { key }) => {
          done.push(`book ${who} ${key}`);
          begun.resolve(undefined);
          return done.length === 1 ? new Promise<string>(() => {}) : `a room for ${who}`;
        },
        undo: ({ who }, output, { key }) => {
          done.push(`cancel ${who} ${String(output)} ${key}`);
          undo(key);
        },
      });
      const desk = organization({
        name: "desk",
        agents: { clerk: agent({ purpose: "Book.", tools: ["book"], onFailure: { "unknown-outcome": "resume" } }) },
        tools: () => [book],
      });
      const model = scriptedModel(({ messages }) => {
        const last = messages.at(-1)!;
        if (last.role !== "tool" || last.content.includes("call it again if")) return callTool("book", { who: "ann" });
        return last.content;
      });
      const clock = new VirtualClock();
      const result = run(desk, "Book.", { model, journal: new MemoryJournal(file), clock });
      const state = { isOver: false };
      const first = done.length === 0 ? Promise.race([result, begun.promise]) : result;
      void first.finally(() => (state.isOver = true)).catch(() => {});
      while (!state.isOver) await clock.advance(1_000);
      return await first;
    };
    return { file, done, go };
  }

  test("is taken back by its undo, without an output; the model is told, and may call it again", async () => {
    const { done, go } = booking(() => {});
    await go();
    const result = await go();
    expect(result).toMatchObject({ status: "done", output: "a room for ANN" });
    const key = done[0]!.slice("book ANN ".length);
    expect(done).toEqual([`book ANN ${key}`, `cancel ANN undefined ${key}/undo`, expect.stringMatching(/^book ANN /)]);
    expect(done[2]).not.toBe(done[0]);
    expect(result!.report).toMatchObject({ decisions: [], agents: [{ toolCalls: 2 }] });
  });

  test("has an unknown outcome where it cannot be taken back, by name", async () => {
    const { done, go } = booking(() => {
      throw new Error("nobody answers");
    });
    await go();
    const result = await go();
    const key = done[0]!.slice("book ANN ".length);
    expect(result).toMatchObject({
      status: "done",
      output: `the tool book({"who":"ann"}) was under way when its process ended, and could not be taken back: book: failed: nobody answers; look what of it was done for the key ${key}`,
    });
  });
});

describe("a compensable tool of an agent that is rolled back", () => {
  test("is taken back by its undo, with the input and the output that it had", async () => {
    const done: string[] = [];
    const book = defineTool({
      name: "book",
      description: "Books.",
      kind: "compensable",
      inputSchema: z.object({ who: z.string() }),
      execute: ({ who }) => ({ room: who.length, at: new Date(0) }),
      undo: ({ who }, output, { key }) => void done.push(`cancel ${who} ${JSON.stringify(output)} ${key}`),
    });
    const desk = organization({ name: "desk", agents: { clerk: agent({ purpose: "Book.", tools: ["book"] }) }, tools: () => [book] });
    const model = scriptedModel({ clerk: [callTool("book", { who: "ann" }), "It is booked.", hang()] });
    const clock = new VirtualClock();
    const system = createActorSystem({ clock, journal: new MemoryJournal(new MemoryFile()) });
    const { spec } = buildRun({
      organization: desk,
      task: "Book.",
      environment: undefined,
      model,
      record: new RunRecord(),
      address: "/desk",
    });
    const { lead: _lead, ...others } = Object.fromEntries((spec.logic.spec.children ?? []).map((child) => [child.id, child]));
    const top = { id: "top", logic: supervisor({ children: Object.values(others) }) };
    await Promise.all([system.start(top), clock.settle()]);
    const asked = system.ask("/top/clerk", { type: "assign", assignment: { goal: "Book.", briefing: [] } });
    await Promise.all([asked, clock.settle()]);
    const [report] = await Promise.all([system.rollBack("/top/clerk", { to: 0, consent: true }), clock.settle()]);
    expect(done).toEqual([expect.stringMatching(/^cancel ann \{"room":3,"at":"1970-01-01T00:00:00.000Z"\} \w+\/top\/clerk#[\d.]+\/undo$/)]);
    expect(report.undone).toMatchObject([{ does: "compensable", detail: { src: "runTool" } }]);
  });
});
