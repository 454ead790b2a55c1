/** Runs of agents whose process ends after any of their records, and that go on in another one. */
import { JournalError, type NewEntry, type ToolKind } from "@orgtree/core";
import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import {
  agent,
  callTool,
  crew,
  organization,
  OtherRunError,
  planner,
  run,
  scriptedModel,
  verifier,
  VirtualClock,
  type ModelClient,
  type Organization,
  type RunResult,
  type Tool,
} from "orgtree";
import { describe, expect, test } from "vitest";
import { createMachine } from "xstate";

/** A journal of a process that dies: behind so many appends nothing is stored, and nobody hears of the last. */
class DyingJournal extends MemoryJournal {
  #left: number;
  readonly died: Promise<void>;
  #die: () => void;

  constructor(file: MemoryFile, appends: number) {
    super(file);
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.#left, this.died, this.#die] = [appends, promise, resolve];
  }

  override async append(entries: readonly NewEntry[]): Promise<number> {
    if (entries.length > 0 && this.#left-- <= 0) {
      this.#die();
      return new Promise<number>(() => {});
    }
    return super.append(entries);
  }
}

/** A journal whose disk is full behind so many appends. */
class FullJournal extends MemoryJournal {
  #left: number;

  constructor(file: MemoryFile, appends: number) {
    super(file);
    this.#left = appends;
  }

  override append(entries: readonly NewEntry[]): Promise<number> {
    if (this.#left-- > 0) return super.append(entries);
    return Promise.reject(new JournalError("memory", "the disk is full", { retryable: true, outcome: "not-done" }));
  }
}

/** What really ran. */
class Ledger {
  readonly begun: string[] = [];
  readonly ended: string[] = [];

  tool(name: string, kind: Exclude<ToolKind, "compensable">): Tool {
    const parameters = { type: "object", properties: {}, additionalProperties: false };
    return {
      name,
      description: name,
      kind,
      parameters,
      run: async (_input, { key }) => {
        this.begun.push(`${name} ${key}`);
        await Promise.resolve();
        this.ended.push(`${name} ${key}`);
        return "ok";
      },
    };
  }
}

interface Setting {
  readonly organization: Organization;
  readonly model: () => ModelClient;
}

interface Process {
  readonly clock?: VirtualClock;
  readonly died?: Promise<void>;
}

/** Runs until it ends, or its process does; undefined then. */
async function runOn(journal: MemoryJournal, { organization: of, model }: Setting, process: Process = {}): Promise<RunResult | undefined> {
  const { clock = new VirtualClock(), died } = process;
  const state = { isOver: false };
  const ended = run(of, "the task", { model: model(), journal, clock });
  const first = Promise.race([ended, ...(died === undefined ? [] : [died.then(() => undefined)])]);
  void first.finally(() => (state.isOver = true)).catch(() => {});
  while (!state.isOver) await clock.advance(1_000);
  return await first;
}

/** Dies after every number of appends in turn, each in a run of its own, and gives what came of it. */
async function* deaths(make: (ledger: Ledger) => Setting): AsyncGenerator<{ appends: number; ledger: Ledger; result: RunResult }> {
  for (let appends = 0; ; appends++) {
    const file = new MemoryFile();
    const ledger = new Ledger();
    const setting = make(ledger);
    const dying = new DyingJournal(file, appends);
    const clock = new VirtualClock();
    const whole = await runOn(dying, setting, { clock, died: dying.died });
    if (whole !== undefined) return;
    // Time goes on while nobody lives.
    const later = new VirtualClock(clock.epochMs() + 60_000);
    yield { appends, ledger, result: (await runOn(new MemoryJournal(file), setting, { clock: later }))! };
  }
}

const prices = { inputPerMillion: 1_000, outputPerMillion: 1_000 };
const count = (list: readonly string[], name: string): number => list.filter((each) => each.startsWith(name)).length;

describe("a run whose process ends after any of its records", () => {
  const script = [callTool("look"), [callTool("note"), callTool("look")], "It is done."];
  const looking = (ledger: Ledger): Setting => ({
    organization: organization({
      name: "desk",
      agents: { writer: agent({ purpose: "Write.", tools: ["look", "note"] }) },
      tools: () => [ledger.tool("look", "pure"), ledger.tool("note", "idempotent")],
    }),
    model: () => scriptedModel({ writer: script }, { prices }),
  });

  test("ends as it would have, with all its calls and costs, and does nothing twice that is finished", async () => {
    const ledger = new Ledger();
    const setting = looking(ledger);
    const whole = (await runOn(new MemoryJournal(new MemoryFile()), setting))!;
    const sums = ({ report }: RunResult): object => ({ agents: report.agents, tokens: report.tokens, decisions: report.decisions });
    let seen = 0;
    for await (const death of deaths(looking)) {
      seen++;
      expect(death.result).toMatchObject({ status: "done", output: "It is done." });
      expect([death.appends, sums(death.result)]).toEqual([death.appends, sums(whole)]);
      // What was under way may have run again, under its key.
      expect(new Set(death.ledger.begun).size).toBe(3);
      expect(death.ledger.begun.length).toBeLessThanOrEqual(4);
    }
    expect(seen).toBeGreaterThan(15);
  });

  test("is as often restarted, and fails as often, as it would have been", async () => {
    const crashing = (_ledger: Ledger): Setting => ({
      organization: organization({ name: "desk", agents: { writer: agent({ purpose: "Write." }) } }),
      model: () =>
        scriptedModel((_request, n) => {
          if (n < 2) throw new TypeError(`planted ${n}`);
          return "It is done.";
        }),
    });
    for await (const { appends, result } of deaths(crashing)) {
      const [writer] = result.report.agents;
      expect([appends, result.status, writer!.restarts]).toEqual([appends, "done", 2]);
      expect(writer!.failures.map(({ message }) => message)).toEqual(["planted 0", "planted 1"]);
      expect(result.report.decisions).toHaveLength(2);
    }
  });

  test("begins what cannot be taken back once at most: where nobody knows whether it was done, the run says so", async () => {
    const outcomes = new Set<string>();
    const sending = (ledger: Ledger): Setting => ({
      organization: organization({
        name: "desk",
        agents: { writer: agent({ purpose: "Write.", tools: ["look", "send"] }) },
        tools: () => [ledger.tool("look", "pure"), ledger.tool("send", "irreversible")],
      }),
      model: () => scriptedModel({ writer: [callTool("look"), callTool("send"), "It is sent."] }),
    });
    for await (const { ledger, result } of deaths(sending)) {
      expect(count(ledger.begun, "send")).toBeLessThanOrEqual(1);
      outcomes.add(result.status);
      if (result.status === "failed") expect(result.failure.cause?.class ?? result.failure.class).toBe("unknown-outcome");
      else expect(count(ledger.ended, "send")).toBe(1);
    }
    expect([...outcomes].toSorted()).toEqual(["done", "failed"]);
  });

  test("has spent what it has spent", async () => {
    const tight = (ledger: Ledger): Setting => {
      const setting = looking(ledger);
      // Room for two calls of the three.
      return { ...setting, organization: { ...setting.organization, budget: { tokens: 4_096 + 150 } } };
    };
    for await (const { appends, result } of deaths(tight))
      expect([appends, result.status, result.status === "failed" && result.failure.class]).toEqual([appends, "failed", "budget-exhausted"]);
  });

  test("passes its hold point on evidence from before and after", async () => {
    const verified = (_ledger: Ledger): Setting => ({
      organization: organization({
        name: "desk",
        lead: crew,
        risk: "low",
        contract: {
          criteria: () => [{ id: "right", statement: "it is right", check: { run: async () => ({ passed: true, observed: "it is" }) } }],
          fingerprint: async () => "the work",
        },
        agents: {
          planner: planner({ purpose: "Plan." }),
          worker: agent({ purpose: "Work.", tools: ["run_check"] }),
          verifier: verifier({ purpose: "Check." }),
        },
      }),
      model: () =>
        scriptedModel({
          planner: [callTool("deliver", { steps: [{ goal: "Do it.", doneWhen: "it is done" }] })],
          worker: [
            callTool("run_check", { criterion: "right" }),
            callTool("deliver", { summary: "It is done.", passed: ["right"], unproven: [] }),
          ],
        }),
    });
    for await (const { appends, result } of deaths(verified)) {
      expect([appends, result.status]).toEqual([appends, "done"]);
      expect(result.report.verdicts.filter(({ accepted }) => accepted)).toHaveLength(1);
    }
  });
});

describe("a run with a journal", () => {
  const setting: Setting = {
    organization: organization({ name: "desk", agents: { writer: agent({ purpose: "Write." }) } }),
    model: () => scriptedModel(["The sea is old."]),
  };

  test("that has ended gives its result again, and asks nobody", async () => {
    const file = new MemoryFile();
    const first = await runOn(new MemoryJournal(file), setting);
    const nobody = scriptedModel([]);
    expect(await runOn(new MemoryJournal(file), { ...setting, model: () => nobody })).toEqual(first);
    expect(nobody.requests).toEqual([]);
  });

  test("of another organization, or with another task, is refused", async () => {
    const file = new MemoryFile();
    const dying = new DyingJournal(file, 12);
    await runOn(dying, setting, { died: dying.died });
    const other = { ...setting.organization, name: "other" };
    const go = (of: Organization, task: string): Promise<RunResult> =>
      run(of, task, { model: setting.model(), journal: new MemoryJournal(file) });
    await expect(go(other, "the task")).rejects.toThrow(OtherRunError);
    await expect(go(setting.organization, "another task")).rejects.toThrow("with another task");
  });

  test("whose program was changed cannot go on, and still can with the old one", async () => {
    const led = (...more: readonly string[]): Setting => {
      const states = Object.fromEntries(more.map((name) => [name, { type: "final" as const }]));
      const lead = createMachine({
        initial: "waiting",
        output: { result: "It is done.", reason: "" },
        states: { waiting: { after: { 600_000: "done" } }, done: { type: "final" }, ...states },
      });
      const parts = { name: "desk", agents: { writer: agent({ purpose: "Write." }) } };
      return { ...setting, organization: organization({ ...parts, lead: () => ({ logic: lead }) }) };
    };
    const file = new MemoryFile();
    const clock = new VirtualClock();
    const dying = new DyingJournal(file, 14);
    expect(await runOn(dying, led(), { clock, died: dying.died })).toBe(undefined);
    const failed = await runOn(new MemoryJournal(file), led("other"), { clock: new VirtualClock(clock.epochMs()) });
    expect(failed).toMatchObject({ status: "failed", failure: { name: "TreeParkedError" } });
    const done = await runOn(new MemoryJournal(file), led(), { clock: new VirtualClock(clock.epochMs()) });
    expect(done).toMatchObject({ status: "done", output: "It is done." });
  });

  test("that is cancelled goes on later", async () => {
    const file = new MemoryFile();
    const stop = new AbortController();
    const model = scriptedModel(["The sea is old."]);
    const cancelled = run(setting.organization, "the task", {
      model,
      journal: new MemoryJournal(file),
      signal: stop.signal,
      onStart: () => stop.abort(),
    });
    expect((await cancelled).status).toBe("cancelled");
    expect(await runOn(new MemoryJournal(file), setting)).toMatchObject({ status: "done", output: "The sea is old." });
  });

  test.each([3, 6, 9, 12, 15, 18, 21])(
    "that is cancelled ends, and goes on later, also where its journal is out of reach from its append %i on",
    async (appends) => {
      const file = new MemoryFile();
      const stop = new AbortController();
      const clock = new VirtualClock();
      const ended = run(setting.organization, "the task", {
        model: setting.model(),
        journal: new FullJournal(file, appends),
        clock,
        signal: stop.signal,
      });
      const state = { isOver: false };
      void ended.finally(() => (state.isOver = true)).catch(() => {});
      await clock.advance(10_000);
      stop.abort();
      for (let seconds = 0; seconds < 120 && !state.isOver; seconds++) await clock.advance(1_000);
      expect(state.isOver).toBe(true);
      expect(["cancelled", "done"]).toContain((await ended).status);
      const later = new VirtualClock(clock.epochMs());
      expect(await runOn(new MemoryJournal(file), setting, { clock: later })).toMatchObject({ status: "done" });
    },
  );
});
