import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideDirective, defaultLadder, isNamed, ladderFor, mayResume, type Directive, type OnFailure, type Rung } from "./directive.ts";
import { failureClasses, type Failure } from "../failure.ts";

function failed(failureClass: Failure["class"], kind?: string): Failure {
  return { class: failureClass, kind, name: "Error", message: "boom" };
}

/** The directives for these failures, one after the other, all at the same time. */
function answers(onFailure: OnFailure, failures: readonly Failure[], nowMs = 0): readonly string[] {
  let history = {};
  return failures.map((failure) => {
    const verdict = decideDirective(onFailure, failure, { history, nowMs });
    ({ history } = verdict);
    return `${verdict.directive} ${verdict.rung}`;
  });
}

describe("defaultLadder", () => {
  test.each(failureClasses)("%s has an answer", (failureClass) => {
    const escalating: readonly string[] = ["budget-exhausted", "unknown-outcome", "unanswered"];
    expect(defaultLadder({ class: failureClass })).toEqual([{ directive: escalating.includes(failureClass) ? "escalate" : "restart" }]);
  });
});

describe("ladderFor", () => {
  const onFailure: OnFailure = {
    "model-error": "restart",
    "model-error/rate-limit": { directive: "resume", intensity: { maxRestarts: 3, periodMs: 1_000 } },
    "tool-error": [{ directive: "resume", intensity: { maxRestarts: 1, periodMs: 1_000 } }, { directive: "stop" }],
  };
  test.each([
    { failure: failed("model-error", "rate-limit"), directives: ["resume"], named: true, resumes: true },
    { failure: failed("model-error", "refusal"), directives: ["restart"], named: true, resumes: false },
    { failure: failed("model-error"), directives: ["restart"], named: true, resumes: false },
    { failure: failed("tool-error", "timeout"), directives: ["resume", "stop"], named: true, resumes: true },
    { failure: failed("crash"), directives: ["restart"], named: false, resumes: false },
    { failure: failed("budget-exhausted", "usd"), directives: ["escalate"], named: false, resumes: false },
  ])("$failure.class/$failure.kind: $directives", ({ failure, directives, named, resumes }) => {
    expect(ladderFor(onFailure, failure).map((rung) => rung.directive)).toEqual(directives);
    expect(isNamed(onFailure, failure)).toBe(named);
    expect(mayResume(onFailure, failure)).toBe(resumes);
  });
});

describe("decideDirective", () => {
  const twice = { maxRestarts: 2, periodMs: 1_000 };
  const once = { maxRestarts: 1, periodMs: 1_000 };

  test("climbs a rung when the one below is exhausted, and escalates past the last", () => {
    const onFailure: OnFailure = {
      crash: [
        { directive: "resume", intensity: twice },
        { directive: "restart", intensity: once },
      ],
    };
    const crashes = [1, 2, 3, 4, 5].map(() => failed("crash"));
    expect(answers(onFailure, crashes)).toEqual(["resume 0", "resume 0", "restart 1", "escalate 2", "escalate 2"]);
  });

  test("stays on a last rung that has no intensity of its own", () => {
    const onFailure: OnFailure = { crash: [{ directive: "resume", intensity: once }, { directive: "restart" }] };
    const crashes = [1, 2, 3, 4].map(() => failed("crash"));
    expect(answers(onFailure, crashes)).toEqual(["resume 0", "restart 1", "restart 1", "restart 1"]);
  });

  test("counts all kinds of a class on the ladder they share, and a kind with a ladder of its own apart", () => {
    const onFailure: OnFailure = {
      "model-error": [{ directive: "resume", intensity: once }, { directive: "restart" }],
      "model-error/refusal": [{ directive: "restart", intensity: once }, { directive: "stop" }],
    };
    const kinds = ["network", "rate-limit", "refusal", "refusal"].map((kind) => failed("model-error", kind));
    expect(answers(onFailure, kinds)).toEqual(["resume 0", "restart 1", "restart 0", "stop 1"]);
  });

  test("is back on the first rung after a quiet period", () => {
    const onFailure: OnFailure = { crash: [{ directive: "resume", intensity: once }, { directive: "restart" }] };
    const first = decideDirective(onFailure, failed("crash"), { history: {}, nowMs: 0 });
    const soon = decideDirective(onFailure, failed("crash"), { history: first.history, nowMs: 1_000 });
    const later = decideDirective(onFailure, failed("crash"), { history: soon.history, nowMs: 1_001 });
    expect([first.rung, soon.rung, later.rung]).toEqual([0, 1, 0]);
  });

  test("never skips a rung that has room, and never gives an answer more often than its rung allows", () => {
    const rung = fc.record({
      directive: fc.constantFrom<Directive[]>("resume", "restart", "stop"),
      intensity: fc.record({ maxRestarts: fc.nat(3), periodMs: fc.integer({ min: 1, max: 50 }) }),
    });
    fc.assert(
      fc.property(
        fc.array(rung, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(20), { maxLength: 40 }),
        (ladder: readonly Rung[], steps) => {
          const given: { rung: number; atMs: number }[] = [];
          let history = {};
          let nowMs = 0;
          for (const step of steps) {
            nowMs += step;
            const hasRoom = ({ intensity }: Rung, number: number): boolean =>
              given.filter((past) => past.rung === number && past.atMs >= nowMs - intensity!.periodMs).length < intensity!.maxRestarts;
            const expected = ladder.findIndex(hasRoom);
            const verdict = decideDirective({ crash: ladder }, failed("crash"), { history, nowMs });
            ({ history } = verdict);
            given.push({ rung: verdict.rung, atMs: nowMs });
            expect(verdict.rung).toBe(expected === -1 ? ladder.length : expected);
            expect(verdict.directive).toBe(expected === -1 ? "escalate" : ladder[expected]!.directive);
          }
        },
      ),
    );
  });
});
