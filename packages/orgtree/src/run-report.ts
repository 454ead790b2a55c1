import { failureOf, type Address, type Exit, type Failure, type SystemEvent, type SupervisorReport, type Verdict } from "@orgtree/core";
import type { RecordEntry } from "@orgtree/org";

/** What one agent did in a run. */
export interface AgentReport {
  readonly name: string;
  readonly address: Address;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly tokens: number;
  /** Dollars of the calls whose price is known. */
  readonly usd: number;
  /** Lives after the first one. */
  readonly restarts: number;
  /** How its lives ended that did not end well, in order. */
  readonly failures: readonly Failure[];
}

/** Who did what, what failed, what the supervisors decided, what it cost. Plain data. */
export interface RunReport {
  readonly agents: readonly AgentReport[];
  /** What supervisors decided about failures, in order; quiet ends are no decisions. */
  readonly decisions: readonly SupervisorReport[];
  readonly verdicts: readonly Verdict[];
  readonly alarms: readonly Extract<RecordEntry, { kind: "alarm" }>[];
  /** Messages that nobody took, by reason: `{ "late-reply": 1 }`. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly tokens: number;
  /** Dollars of the calls whose price is known. */
  readonly usd: number;
  /** Models that answered without a price, since their clients were given none: their calls are in no sum of dollars. */
  readonly unpriced: readonly string[];
  readonly wallMs: number;
}

/** Gathers a report while a run goes on. */
export class ReportBuilder {
  readonly #agents = new Map<Address, Mutable<AgentReport> & { failures: Failure[] }>();
  readonly #decisions: SupervisorReport[] = [];
  readonly #verdicts: Verdict[] = [];
  readonly #alarms: Extract<RecordEntry, { kind: "alarm" }>[] = [];
  readonly #unpriced = new Set<string>();
  readonly #deadLetters: Record<string, number> = {};
  /** How often each actor went on in another process. */
  readonly #resumed = new Map<Address, number>();
  /** The exit of each actor's newest life. */
  readonly #exits = new Map<Address, Exit>();

  constructor(agents: ReadonlyMap<string, Address>) {
    for (const [name, address] of agents) {
      this.#agents.set(address, { name, address, modelCalls: 0, toolCalls: 0, tokens: 0, usd: 0, restarts: 0, failures: [] });
    }
  }

  /** Hears what happens in the system. */
  readonly onEvent = (event: SystemEvent): void => {
    switch (event.type) {
      case "actor-started": {
        const agent = this.#agents.get(event.address);
        if (agent === undefined) return;
        // Going on in another process is a new life too, and no restart.
        if (event.isResumed === true) this.#resumed.set(event.address, (this.#resumed.get(event.address) ?? 0) + 1);
        else agent.restarts = event.incarnation - 1 - (this.#resumed.get(event.address) ?? 0);
        return;
      }
      case "actor-exited": {
        this.#exits.set(event.address, event.exit);
        const failure = failureOf(event.exit);
        if (failure !== undefined) this.#agents.get(event.address)?.failures.push(failure);
        return;
      }
      case "report":
        if (event.report.chain.length > 0) this.#decisions.push(event.report);
        return;
      case "dead-letter":
        this.#deadLetters[event.letter.reason] = (this.#deadLetters[event.letter.reason] ?? 0) + 1;
        return;
      default:
    }
  };

  /** Hears what the agents do. */
  readonly onEntry = (entry: RecordEntry): void => {
    switch (entry.kind) {
      case "model": {
        if (entry.usd === undefined) this.#unpriced.add(entry.model);
        const agent = this.#agents.get(entry.by);
        if (agent === undefined) return;
        agent.modelCalls++;
        agent.tokens += entry.tokens;
        agent.usd += entry.usd ?? 0;
        return;
      }
      case "tool": {
        const agent = this.#agents.get(entry.by);
        if (agent !== undefined) agent.toolCalls++;
        return;
      }
      case "verdict":
        this.#verdicts.push(entry.verdict);
        return;
      case "alarm":
        this.#alarms.push(entry);
        return;
      case "model-failed":
      case "check":
      case "hold":
        return;
      default:
        entry satisfies never;
    }
  };

  exitOf(address: Address): Exit | undefined {
    return this.#exits.get(address);
  }

  build(wallMs: number): RunReport {
    const agents = Array.from(this.#agents.values(), (agent) => ({ ...agent, failures: [...agent.failures] }));
    return {
      agents,
      decisions: this.#decisions,
      verdicts: this.#verdicts,
      alarms: this.#alarms,
      deadLetters: { ...this.#deadLetters },
      tokens: agents.reduce((sum, { tokens }) => sum + tokens, 0),
      usd: agents.reduce((sum, { usd }) => sum + usd, 0),
      unpriced: [...this.#unpriced],
      wallMs,
    };
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
