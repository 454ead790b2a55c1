import type { Address, Criterion, ReplyTo, Verdict } from "@orgtree/core";
import { plain, type PlainLogic, type Signal, type Turn } from "@orgtree/runtime";
import { decideHold, type HoldDecision } from "./hold-decision.ts";
import type { RunRecord } from "./run-record.ts";

/** A request to open a hold point for a piece of work. */
export interface OpenRequest {
  readonly type: "open";
  /** Fingerprint of the work. */
  readonly artefact: string;
  readonly author: Address;
}

/** What a verifier is asked. */
export interface VerifyRequest {
  readonly type: "verify";
  readonly artefact: string;
}

/** The answer: whether the work may pass, and the verdicts. */
export interface HoldAnswer {
  readonly decision: HoldDecision;
  readonly verdicts: readonly Verdict[];
}

interface HoldState {
  /** The request under way; others are put aside until it is answered. */
  readonly request: (OpenRequest & { readonly asker: ReplyTo }) | undefined;
  readonly verdicts: readonly Verdict[];
  /** Verifiers that have not answered, with how often they were asked. */
  readonly waiting: Readonly<Record<Address, number>>;
}

/** What a hold point is made of. */
export interface HoldPointOptions {
  readonly verifiers: readonly Address[];
  readonly criteria: readonly Criterion[];
  readonly record: RunRecord;
  /** Milliseconds a verifier has. Default 10 minutes. */
  readonly verifyMs?: number;
}

/** Times a verifier is asked again after it failed, before the hold point answers `unverified`. */
const maxAsks = 3;

const idle: HoldState = { request: undefined, verdicts: [], waiting: {} };

/** A gate that work cannot pass without executed evidence from somebody else. */
export function holdPoint(options: HoldPointOptions): PlainLogic<HoldState, OpenRequest, undefined> {
  const { verifiers, verifyMs = 600_000 } = options;
  const askVerifier = (turn: Turn, verifier: Address, artefact: string): void => {
    turn.ask(verifier, { type: "verify", artefact } satisfies VerifyRequest, { tag: verifier, timeoutMs: verifyMs });
  };
  return plain({
    init: () => idle,
    receive(state, message, turn) {
      if (message.type !== "open" || turn.replyTo === undefined) return state;
      if (state.request !== undefined) {
        turn.postpone();
        return state;
      }
      for (const verifier of verifiers) askVerifier(turn, verifier, message.artefact);
      const waiting = Object.fromEntries(verifiers.map((verifier) => [verifier, 1]));
      const opened = { request: { ...message, asker: turn.replyTo }, verdicts: [], waiting };
      return verifiers.length === 0 ? conclude(opened, turn, options) : opened;
    },
    signal(state, signal, turn) {
      const heard = hear(state, signal, (verifier, artefact) => askVerifier(turn, verifier, artefact));
      return heard.request !== undefined && Object.keys(heard.waiting).length === 0 ? conclude(heard, turn, options) : heard;
    },
  });
}

function hear(state: HoldState, signal: Signal, askAgain: (verifier: Address, artefact: string) => void): HoldState {
  if (signal.type !== "orgtree.reply" && signal.type !== "orgtree.ask-failed") return state;
  const verifier = signal.tag as Address;
  const asked = state.waiting[verifier];
  if (asked === undefined || state.request === undefined) return state;
  const { [verifier]: _done, ...waiting } = state.waiting;
  if (signal.type === "orgtree.reply") return { ...state, waiting, verdicts: [...state.verdicts, signal.value as Verdict] };
  if (asked < maxAsks) {
    askAgain(verifier, state.request.artefact);
    return { ...state, waiting: { ...waiting, [verifier]: asked + 1 } };
  }
  const veto: Verdict = {
    accepted: false,
    by: verifier,
    artefact: state.request.artefact,
    evidence: [],
    reason: `unverified: ${signal.error.message}`,
  };
  return { ...state, waiting, verdicts: [...state.verdicts, veto] };
}

function conclude(state: HoldState, turn: Turn, options: HoldPointOptions): HoldState {
  const { artefact, author, asker } = state.request!;
  const { criteria, record } = options;
  const decision = decideHold({ artefact, author, criteria, verdicts: state.verdicts }, record);
  turn.reply({ decision, verdicts: state.verdicts } satisfies HoldAnswer, asker);
  turn.emit({ type: decision.open ? "hold-point-opened" : "hold-point-held" });
  turn.unstash();
  return idle;
}
