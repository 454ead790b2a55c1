import { tellingFailure, type Failure, type Verdict } from "orgtree";
import { countOf } from "./amounts.ts";
import { cleanText, firstLine } from "./display-width.ts";

/** A failure in a few words, for where the actor is named beside: the link of its chain that tells most. */
export function describeShortly(failure: Failure): string {
  const telling = tellingFailure(failure);
  return `${classOf(telling)}: ${messageOf(telling)}`;
}

/** `model-error/refusal`. */
export function classOf({ class: failureClass, kind }: Failure): string {
  return kind === undefined ? failureClass : `${failureClass}/${kind}`;
}

/** The message, without the end state, which the class says as well. */
export function messageOf(failure: Failure): string {
  return firstLine(failure.message.replace(/^it ended in [\w.-]+: (?=.)/, ""));
}

/** A supervisor's decision, without the number of its step, which means nothing to whoever has not written the ladder. */
export function inWords(decision: string): string {
  return decision.replace(/ \(step \d+\)$/, " (last resort)");
}

/** What the checks of a verdict found. */
export function describeEvidence(verdict: Verdict): string {
  if (verdict.evidence.length === 0) return firstLine(verdict.reason);
  const failed = verdict.evidence.filter(({ passed }) => !passed);
  if (failed.length === 0) return `${countOf(verdict.evidence.length, "check")} executed and passed`;
  return failed.map(({ criterion, observed }) => `${criterion} failed (${tellingLines(observed)})`).join(", ");
}

/** The first line of what a check observed and, from test runners' output, the first that names a failure. */
function tellingLines(observed: string): string {
  const [first, ...rest] = observed
    .split("\n")
    .map(cleanText)
    .filter((line) => line !== "");
  const failing = rest.find((line) => failureMarks.test(line));
  return failing === undefined ? (first ?? "") : `${first}: ${failing.replace(failureMarks, "").replace(/ \(\d[\d.]* ?m?s\)$/, "")}`;
}

/** TAP, node:test, vitest, jest, mocha, pytest, cargo, go. */
const failureMarks = /^(not ok \d+ - |✖ |✗ |× |FAIL(ED)? |● |--- FAIL: )(?!failing tests)/;
