import type { Evidence, Verdict } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { decideHold } from "./hold-decision.ts";
import { RunRecord } from "./run-record.ts";

const criteria = ["tests", "style"];
const verifiers = ["/run/verifier"] as const;
const author = "/run/worker";
const artefact = "version-1";

function evidence(criterion: string, part: Partial<Evidence> = {}): Evidence {
  return { criterion, key: `/run/verifier#1.0/${criterion}`, by: "/run/verifier", artefact, passed: true, observed: "", ...part };
}

function verdict(part: Partial<Verdict> = {}): Verdict {
  return {
    accepted: true,
    by: "/run/verifier",
    artefact,
    reason: "every check passed",
    evidence: [evidence("tests"), evidence("style")],
    ...part,
  };
}

/** Everything that `verdicts` cite was executed, as they say, unless `not` names its criterion. */
function decide(verdicts: readonly Verdict[], not: readonly string[] = []): string {
  const record = new RunRecord();
  for (const { evidence: pieces } of verdicts)
    for (const piece of pieces) if (!not.includes(piece.criterion)) record.add({ kind: "check", ...piece });
  const decision = decideHold({ artefact, author, verifiers, criteria, verdicts }, record.view);
  return decision.open ? "open" : decision.reason;
}

describe("decideHold", () => {
  test("opens on executed evidence for every criterion from a non-author", () => {
    expect(decide([verdict()])).toBe("open");
  });

  test.each([
    { what: "nobody's verdict", verdicts: [], why: "nobody has verified it" },
    { what: "the author's own", verdicts: [verdict({ by: author })], why: "is the author" },
    { what: "the verdict of somebody who was not asked", verdicts: [verdict({ by: "/run/passer-by" })], why: "was not asked" },
    { what: "a bare approval", verdicts: [verdict({ evidence: [] })], why: "no passed check of tests" },
    { what: "one criterion left out", verdicts: [verdict({ evidence: [evidence("tests")] })], why: "no passed check of style" },
    { what: "another version of the work", verdicts: [verdict({ artefact: "version-0" })], why: "judged another version" },
    {
      what: "evidence of another version",
      verdicts: [verdict({ evidence: [evidence("tests", { artefact: "version-0" }), evidence("style")] })],
      why: "a check of another version",
    },
    {
      what: "somebody else's evidence",
      verdicts: [verdict({ evidence: [evidence("tests", { by: author }), evidence("style")] })],
      why: "cites evidence that",
    },
    { what: "a veto", verdicts: [verdict({ accepted: false, reason: "the tests fail" })], why: "the tests fail" },
    { what: "one veto among approvals", verdicts: [verdict(), verdict({ accepted: false, reason: "no" }), verdict()], why: "no" },
    {
      what: "an approval over a failed check",
      verdicts: [verdict({ evidence: [evidence("tests", { passed: false }), evidence("style")] })],
      why: "no passed check of tests",
    },
  ])("holds on $what", ({ verdicts, why }) => {
    expect(decide(verdicts)).toContain(why);
  });

  test("holds on evidence that nobody executed", () => {
    expect(decide([verdict()], ["style"])).toContain("the record does not have");
  });

  test("holds on evidence that says more than was found", () => {
    const record = new RunRecord();
    for (const criterion of ["tests", "style"]) record.add({ kind: "check", ...evidence(criterion, { passed: false }) });
    expect(decideHold({ artefact, author, verifiers, criteria, verdicts: [verdict()] }, record.view)).toMatchObject({ open: false });
  });
});
