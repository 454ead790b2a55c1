import { tellingFailure, type Failure, type SupervisorReport, type Verdict } from "orgtree";
import { countOf } from "./amounts.ts";
import { cleanText, firstLine } from "./display-width.ts";

/** A failure in a few words, for where the actor is named beside: the link of its chain that tells most. */
export function describeShortly(failure: Failure): string {
  const telling = tellingFailure(failure);
  return `${classOf(telling)}: ${messageOf(telling)}`;
}

/** `model-error/refusal`. */
export function classOf({ class: failureClass, kind }: Pick<Failure, "class" | "kind">): string {
  return kind === undefined ? failureClass : `${failureClass}/${kind}`;
}

/** The message, without the end state, which the class says as well. */
export function messageOf(failure: Failure): string {
  return firstLine(failure.message.replace(/^it ended in [\w.-]+: (?=.)/, ""));
}

/** A supervisor's decision, for whoever has not written the ladder. */
export function describeDecision({ context, decision, directive, step }: SupervisorReport): string {
  // Who has ended has no state to go on with.
  if (directive === "resume" && context === "child-terminated") return "resume is not possible, begin afresh";
  if (directive === undefined || step === undefined || step.number === 1) return decision;
  return `${directive} (${step.number < step.of ? `step ${step.number} of ${step.of}` : "last resort"})`;
}

/** Whether a report only repeats, as the end of the supervisor, that a failure of its child escalates. */
export function repeatsEscalation({ context, step }: SupervisorReport): boolean {
  return context === "gave-up" && step !== undefined;
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
