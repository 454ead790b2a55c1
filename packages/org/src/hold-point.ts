import { FailureError, type Address, type ReplyTo, type Verdict } from "@orgtree/core";
import { plain, work, type PlainLogic, type Signal, type Turn } from "@orgtree/runtime";
import type { RunContract } from "./contract.ts";
import { decideHold, type HoldDecision } from "./hold-decision.ts";
import type { RunRecord } from "./run-record.ts";

/** A request to open a hold point for the work as it stands. */
export interface OpenRequest {
  readonly type: "open";
  readonly author: Address;
}

/** What a verifier is asked. */
export interface VerifyRequest {
  readonly type: "verify";
  /** Fingerprint of the work. */
  readonly artefact: string;
}

/** The answer: whether the work may pass, and the verdicts. */
export interface HoldAnswer {
  readonly decision: HoldDecision;
  readonly verdicts: readonly Verdict[];
}

/** What is under way; other requests are put aside until it is answered. */
type HoldState = { readonly phase: "idle" } | Fingerprinting | Verifying;

interface Fingerprinting {
  readonly phase: "fingerprinting";
  readonly author: Address;
  readonly asker: ReplyTo;
}

interface Verifying {
  readonly phase: "verifying";
  readonly author: Address;
  readonly asker: ReplyTo;
  readonly artefact: string;
  readonly verdicts: readonly Verdict[];
  /** Verifiers that have not answered, with how often they were asked. */
  readonly waiting: Readonly<Record<Address, number>>;
}

/** What a hold point is made of. */
export interface HoldPointOptions {
  readonly address: Address;
  readonly verifiers: readonly Address[];
  readonly contract: RunContract;
  readonly record: RunRecord;
}

/** Milliseconds that a verifier has. */
const verifyMs = 600_000;
/** Times a verifier is asked again after it failed, before the hold point answers `unverified`. */
const maxAsks = 3;

const idle: HoldState = { phase: "idle" };

/**
 * A gate that work cannot pass without executed evidence from somebody else. It takes the fingerprint of the work itself, and every
 * verdict and decision is in the record: a run is done only if it shows that the gate opened for what is delivered.
 */
export function holdPoint(options: HoldPointOptions): PlainLogic<HoldState, OpenRequest, undefined> {
  const { verifiers, contract, record } = options;
  return plain<HoldState, OpenRequest, undefined>({
    works: { fingerprint: work({ kind: "pure", run: () => contract.fingerprint() }) },
    init: () => idle,
    receive(state, message, turn) {
      if (message.type !== "open" || turn.replyTo === undefined) return state;
      if (state.phase !== "idle") {
        turn.postpone();
        return state;
      }
      turn.run("fingerprint", undefined);
      return { phase: "fingerprinting", author: message.author, asker: turn.replyTo };
    },
    signal(state, signal, turn) {
      if (state.phase === "fingerprinting") return fingerprinted(state, signal, { turn, verifiers });
      if (state.phase !== "verifying") return state;
      const heard = hear(state, signal, { turn, record });
      return Object.keys(heard.waiting).length === 0 ? conclude(heard, turn, options) : heard;
    },
  });
}

function fingerprinted(
  state: Fingerprinting,
  signal: Signal,
  { turn, verifiers }: { turn: Turn; verifiers: readonly Address[] },
): HoldState {
  if (signal.type === "orgtree.failed") {
    turn.refuse(new FailureError(signal.failure), state.asker);
    turn.unstash();
    return idle;
  }
  if (signal.type !== "orgtree.done") return state;
  const artefact = signal.output as string;
  for (const verifier of verifiers) askVerifier(turn, verifier, artefact);
  const waiting = Object.fromEntries(verifiers.map((verifier) => [verifier, 1]));
  return { ...state, phase: "verifying", artefact, verdicts: [], waiting };
}

function askVerifier(turn: Turn, verifier: Address, artefact: string): void {
  turn.ask(verifier, { type: "verify", artefact } satisfies VerifyRequest, { tag: verifier, timeoutMs: verifyMs });
}

function hear(state: Verifying, signal: Signal, { turn, record }: { turn: Turn; record: RunRecord }): Verifying {
  if (signal.type !== "orgtree.reply" && signal.type !== "orgtree.ask-failed") return state;
  const verifier = signal.tag as Address;
  const asked = state.waiting[verifier];
  if (asked === undefined) return state;
  const { artefact } = state;
  if (signal.type === "orgtree.ask-failed" && asked < maxAsks) {
    askVerifier(turn, verifier, artefact);
    return { ...state, waiting: { ...state.waiting, [verifier]: asked + 1 } };
  }
  const { [verifier]: _done, ...waiting } = state.waiting;
  const verdict: Verdict =
    signal.type === "orgtree.reply"
      ? (signal.value as Verdict)
      : { accepted: false, by: verifier, artefact, evidence: [], reason: `unverified: ${signal.error.message}` };
  record.add({ kind: "verdict", verdict }, turn.address);
  return { ...state, waiting, verdicts: [...state.verdicts, verdict] };
}

function conclude(state: Verifying, turn: Turn, { address, verifiers, contract, record }: HoldPointOptions): HoldState {
  const { artefact, author, asker, verdicts } = state;
  const criteria = contract.criteria.map(({ id }) => id);
  const decision = decideHold({ artefact, author, verifiers, criteria, verdicts }, record.view);
  record.add({ kind: "hold", by: address, artefact, open: decision.open, reason: decision.open ? "" : decision.reason });
  turn.reply({ decision, verdicts } satisfies HoldAnswer, asker);
  turn.emit({ type: decision.open ? "hold-point-opened" : "hold-point-held" });
  turn.unstash();
  return idle;
}
