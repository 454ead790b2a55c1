import type { Address, Verdict } from "@orgtree/core";
import type { RecordView } from "./run-record.ts";

/** Whether a hold point opens, and why not. */
export type HoldDecision = { readonly open: true } | { readonly open: false; readonly reason: string };

/** What a hold point decides on. */
export interface HoldQuestion {
  readonly artefact: string;
  readonly author: Address;
  /** Who was asked. */
  readonly verifiers: readonly Address[];
  /** Ids of the criteria. */
  readonly criteria: readonly string[];
  readonly verdicts: readonly Verdict[];
}

/**
 * A hold point opens only on verdicts of non-authors that were asked, each of which carries evidence that was executed on this very
 * artefact, covers every criterion and passed. Any veto holds: a majority misses more than the best single checker.
 */
export function decideHold(question: HoldQuestion, record: Pick<RecordView, "check">): HoldDecision {
  if (question.verdicts.length === 0) return { open: false, reason: "nobody has verified it" };
  for (const verdict of question.verdicts) {
    const problem = problemOf(verdict, question, record);
    if (problem !== undefined) return { open: false, reason: problem };
  }
  return { open: true };
}

function problemOf(verdict: Verdict, question: HoldQuestion, record: Pick<RecordView, "check">): string | undefined {
  const { by } = verdict;
  if (by === question.author) return `${by} is the author and cannot verify its own work`;
  if (!question.verifiers.includes(by)) return `${by} was not asked to verify it`;
  if (verdict.artefact !== question.artefact) return `${by} judged another version of the work`;
  for (const evidence of verdict.evidence) {
    const executed = record.check(evidence.key);
    if (executed === undefined || executed.criterion !== evidence.criterion || executed.passed !== evidence.passed) {
      return `${by} cites a check of ${evidence.criterion} that the record does not have`;
    }
    if (executed.by !== by) return `${by} cites evidence that ${executed.by} made`;
    if (executed.artefact !== question.artefact) return `${by} cites a check of another version of the work`;
  }
  if (!verdict.accepted) return verdict.reason;
  for (const id of question.criteria) {
    if (!verdict.evidence.some(({ criterion, passed }) => criterion === id && passed)) return `${by} has no passed check of ${id}`;
  }
  return undefined;
}
