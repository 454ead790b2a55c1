import type { Address, RecordEntry, SupervisorReport, SystemEvent } from "orgtree";
import { describeDuration } from "../text/amounts.ts";
import { firstLine } from "../text/display-width.ts";
import { describeDecision, describeEvidence, describeShortly, repeatsEscalation } from "../text/failure-text.ts";
import type { Tone } from "../text/styled-line.ts";

/** One thing worth knowing, in words. */
export interface Note {
  readonly atMs: number;
  /** `state`, `tool`: how the work goes on. The rest is what a person would want to be told. */
  readonly kind: "state" | "tool" | "failure" | "decision" | "recovery" | "alarm" | "verdict" | "hold-point" | "trouble";
  /** The actor, by its place under the run: `worker`, `desk/writer`. */
  readonly who: string;
  readonly text: string;
  readonly tone: Tone;
  /** Notes with the same value tell the same thing again; the newest tells how often, and stands for all of them. */
  readonly repeats?: string | undefined;
}

/** Shortest wait before a restart that is told, in milliseconds; shorter ones are over before they are read. */
const toldDelayMs = 1_000;

/** Shortest stall that is told, in milliseconds; on a busy machine shorter ones are nobody's fault. */
const toldStallMs = 1_000;

/**
 * Tells the events of a run as notes.
 *
 * An agent that goes to and fro between the same two states is told once, not at every turn: what it does meanwhile are
 * its tools.
 */
export class Story {
  readonly #root: Address;
  readonly #walks = new Map<Address, Walk>();
  /** The newest failure of each child with its answer, and how often it came in a row. */
  readonly #failures = new Map<Address, { readonly repeats: string; readonly count: number }>();

  /** `root` is the address of the run. */
  constructor(root: Address) {
    this.#root = root;
  }

  /** What an event of the system is worth telling. */
  ofEvent(event: SystemEvent, atMs: number): readonly Note[] {
    const note = (address: Address, part: Omit<Note, "atMs" | "who">): readonly Note[] => [{ atMs, who: this.who(address), ...part }];
    switch (event.type) {
      case "state-changed":
        if (!this.#isNew(event)) return [];
        return note(event.address, { kind: "state", text: `${event.from} → ${event.to}`, tone: "dim" });
      case "actor-started":
        return event.incarnation === 1 || event.isResumed === true ? [] : this.#ofRestart(event, atMs);
      case "report":
        return this.#ofReport(event.report, atMs);
      case "restart-scheduled":
        if (event.delayMs < toldDelayMs) return [];
        return note(event.address, {
          kind: "decision",
          text: `waits ${describeDuration(event.delayMs)} before it starts again`,
          tone: "warning",
        });
      case "escalated-to-root":
        return note(event.address, { kind: "failure", text: `nobody above it could help: ${describeShortly(event.failure)}`, tone: "bad" });
      case "dead-letter":
        return note(event.letter.envelope.to, { kind: "trouble", text: `did not get a message: ${event.letter.reason}`, tone: "warning" });
      case "stalled":
        if (event.turnMs < toldStallMs) return [];
        return note(event.address, {
          kind: "trouble",
          text: `computed for ${describeDuration(event.turnMs)} without a pause; nobody else could act meanwhile`,
          tone: "warning",
        });
      case "commit-late":
        return note(event.address, {
          kind: "trouble",
          text: `waits since ${describeDuration(event.waitedMs)} until its turn is stored: the journal is out of reach`,
          tone: "warning",
        });
      case "emitted": // What a hold point emits is in the record, with the reason.
      case "actor-exited": // Its supervisor's report says it, with the decision.
      case "actor-failed":
        return [];
      default:
        return event satisfies never;
    }
  }

  /** What an entry of the record is worth telling. */
  ofEntry(entry: RecordEntry, atMs: number): readonly Note[] {
    switch (entry.kind) {
      case "tool": {
        const text = entry.ok ? `calls ${entry.tool}` : `calls ${entry.tool}, which fails: ${firstLine(entry.summary)}`;
        return [{ atMs, kind: "tool", who: this.who(entry.by), text, tone: "dim" }];
      }
      case "verdict": {
        const { accepted, by } = entry.verdict;
        const text = `${accepted ? "accepts" : "refuses"} the work: ${describeEvidence(entry.verdict)}`;
        return [{ atMs, kind: "verdict", who: this.who(by), text, tone: accepted ? "good" : "bad" }];
      }
      case "alarm": {
        const tone = entry.level === "red" ? "bad" : "warning";
        return [{ atMs, kind: "alarm", who: this.who(entry.by), text: `${entry.level} alarm: ${firstLine(entry.what)}`, tone }];
      }
      case "hold": {
        const who = this.who(entry.by);
        if (entry.open) return [{ atMs, kind: "hold-point", who, text: "opens: every check has passed", tone: "good" }];
        return [{ atMs, kind: "hold-point", who, text: `stays closed: ${firstLine(entry.reason)}`, tone: "warning" }];
      }
      case "model":
      case "model-failed":
      case "check": // Part of a verdict, or of a tool call.
        return [];
      default:
        return entry satisfies never;
    }
  }

  /** The name of an actor in notes. */
  who(address: Address): string {
    if (address.startsWith(`${this.#root}/`)) return address.slice(this.#root.length + 1);
    return address === this.#root ? address.slice(1) : address;
  }

  #ofReport(report: SupervisorReport, atMs: number): readonly Note[] {
    const { supervisor, child, chain, context, directive } = report;
    const [failure] = chain;
    // A quiet end is told by the child's state, and what the root says of the run by how the run ended.
    if (failure === undefined || supervisor === "/") return [];
    const who = this.who(supervisor);
    const decision = describeDecision(report);
    // Giving up follows on the decision about the same failure.
    if (context === "gave-up") {
      const why = repeatsEscalation(report) ? "" : `: ${decision}`;
      return [{ atMs, kind: "decision", who, text: `gives up on ${child}${why}`, tone: "bad" }];
    }
    const cause = describeShortly(failure);
    const address: Address = `${supervisor}/${child}`;
    const { repeats, count } = this.#count(address, `${address} ${cause} ${decision}`);
    const failed = { atMs, kind: "failure", who: this.who(address), tone: "bad", repeats } as const;
    // Once is a story; from the second time on a number tells it better.
    if (count > 1) return [{ ...failed, text: `(×${count}) ${cause} → ${decision}` }];
    const tone = directive === "escalate" ? "bad" : "warning";
    return [
      { ...failed, text: cause },
      { atMs, kind: "decision", who, text: `decides on ${child}: ${decision}`, tone, repeats },
    ];
  }

  #count(address: Address, repeats: string): { readonly repeats: string; readonly count: number } {
    const before = this.#failures.get(address);
    const now = { repeats, count: before?.repeats === repeats ? before.count + 1 : 1 };
    this.#failures.set(address, now);
    return now;
  }

  #ofRestart({ address, incarnation }: SystemEvent & { type: "actor-started" }, atMs: number): readonly Note[] {
    // The root is no part of the organization: its lives are those of the processes that open a journal.
    if (address === "/") return [];
    const failure = this.#failures.get(address);
    if (failure !== undefined && failure.count > 1) return [];
    const text = `starts afresh: life ${incarnation}`;
    return [{ atMs, kind: "recovery", who: this.who(address), text, tone: "good", repeats: failure?.repeats }];
  }

  #isNew({ address, from, to }: SystemEvent & { type: "state-changed" }): boolean {
    const walk = this.#walks.get(address);
    // The first state of a life is where an agent rests: to leave it and to come back is always news.
    if (walk === undefined || from === "") {
      this.#walks.set(address, { rest: from === "" ? to : from, last: "", lastButOne: "" });
      return from !== "";
    }
    const step = `${from} → ${to}`;
    const isRound = step === walk.lastButOne && from !== walk.rest && to !== walk.rest;
    walk.lastButOne = walk.last;
    walk.last = step;
    return !isRound;
  }
}

/** Where an actor rests, and its two newest steps. */
interface Walk {
  readonly rest: string;
  last: string;
  lastButOne: string;
}
