import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AskTimeoutError, BudgetExhaustedError, MailboxFullError, SupervisorCallError } from "./errors.ts";
import { decode, encode } from "./journal/codec.ts";
import {
  causeChain,
  describeFailure,
  type Failure,
  failureClasses,
  FailureError,
  maxCauseDepth,
  reviveError,
  toFailure,
} from "./failure.ts";

function nested(depth: number): Error {
  let error = new Error("leaf");
  for (let level = 1; level < depth; level++) error = new Error(`level ${level}`, { cause: error });
  return error;
}

describe("toFailure", () => {
  test("takes class, kind and facts from an error that is expected", () => {
    const failure = toFailure(new BudgetExhaustedError("tokens", 10, 3), "/a");
    expect(failure).toMatchObject({ class: "budget-exhausted", kind: "tokens", name: "BudgetExhaustedError", address: "/a" });
    expect(failure.detail).toEqual({ dimension: "tokens", wanted: 10, left: 3 });
    expect(toFailure(new AskTimeoutError("/b", 5))).toMatchObject({
      class: "timeout",
      detail: { actor: "/b", timeoutMs: 5, outcome: "unknown" },
    });
  });

  test("calls every other error a crash, under its own name", () => {
    expect(toFailure(new TypeError("no"), "/a")).toMatchObject({ class: "crash", name: "TypeError", message: "no", address: "/a" });
  });

  test("keeps the stack in this process only: it is neither stored nor sent", () => {
    const failure = toFailure(new FailureError({ class: "loop", message: "again", cause: toFailure(new TypeError("no")) }));
    expect(failure.stack).toContain("failure.test.ts");
    expect(failure.cause!.stack).toContain("failure.test.ts");
    expect(new TextDecoder().decode(encode(failure))).not.toContain("failure.test.ts");
    expect(decode(encode(failure))).toEqual(failure);
  });

  test.each([
    ["a text", "no", "no"],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["a number", 7, "7"],
    ["a bigint", 7n, "7"],
    ["a symbol", Symbol("no"), "Symbol(no)"],
    ["an object", { code: 7 }, '{"code":7}'],
    ["an object that JSON leaves out", { toJSON: () => undefined }, "[object Object]"],
  ])("calls %s a crash, and says what it was", (_what, thrown, message) => {
    expect(toFailure(thrown)).toEqual({ class: "crash", name: "NonError", message, address: undefined });
  });

  test("describes a cyclic object by its type", () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    expect(toFailure(cyclic).message).toBe("[object Object]");
  });

  test("never throws, whatever was thrown", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const hostile = Object.defineProperty(new Error("x"), "message", {
      get() {
        throw new Error("no message for you");
      },
    });
    for (const thrown of [proxy, hostile])
      expect(toFailure(thrown, "/a")).toMatchObject({ class: "crash", name: "NonError", address: "/a" });
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(failureClasses).toContain(toFailure(thrown).class);
      }),
    );
  });

  test("follows the causes down to the leaf", () => {
    const failure = toFailure(new Error("outer", { cause: new BudgetExhaustedError("usd", 2, 1) }), "/a");
    expect(causeChain(failure).map(describeFailure)).toEqual([
      "crash at /a: outer",
      "budget-exhausted/usd: budget exhausted: 2 usd wanted, 1 left",
    ]);
  });

  test("keeps at most maxCauseDepth links of a chain", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 * maxCauseDepth }), (depth) => {
        let links = 0;
        for (let link = toFailure(nested(depth)) as ReturnType<typeof toFailure> | undefined; link; link = link.cause) links++;
        expect(links).toBe(Math.min(depth, maxCauseDepth));
      }),
    );
  });

  test("ends on a cause that leads back to itself", () => {
    const error = new Error("again");
    error.cause = error;
    expect(causeChain(toFailure(error))).toHaveLength(maxCauseDepth);
  });

  test("takes over what a FailureError carries, and fills in who failed", () => {
    const error = new FailureError({ class: "loop", kind: "tool", message: "the same call again", detail: { times: 5 } });
    expect(error.failureClass).toBe("loop");
    expect(toFailure(error, "/a")).toMatchObject({ class: "loop", kind: "tool", address: "/a", detail: { times: 5 } });
    const elsewhere = new FailureError({ class: "loop", message: "there", address: "/b" });
    expect(toFailure(elsewhere, "/a").address).toBe("/b");
  });
});

describe("reviveError", () => {
  test("has the facts of the original as fields, and says whether to try again", () => {
    const error = reviveError(decode(encode(toFailure(new MailboxFullError("/a", 3)))) as Failure);
    expect(error).toMatchObject({ name: "MailboxFullError", retryable: true, actor: "/a", capacity: 3, failureClass: "overload" });
    expect(error.detail).toEqual({ actor: "/a", capacity: 3 });
    expect(reviveError(toFailure(new BudgetExhaustedError("usd", 2, 1)))).toMatchObject({ retryable: false, failureKind: "usd" });
  });

  test.each([
    ["a plain error", new TypeError("no", { cause: new BudgetExhaustedError("usd", 2, 1) })],
    ["a failure", new FailureError({ class: "loop", kind: "tool", message: "again", address: "/b", detail: { times: 5 } })],
    ["a failure with a name", new FailureError({ class: "loop", kind: "tool", name: "Looping", message: "again", address: "/b" })],
    [
      "facts named like what every error has",
      new FailureError({ class: "loop", name: "X", message: "m", detail: { detail: 1, stack: 2 } }),
    ],
    ["a fact that is a failure", new SupervisorCallError("start-failed", "a", { problem: "no", failure: toFailure(new Error("died")) })],
  ])("fails an actor as the original would: %s", (_what, error) => {
    const failure = toFailure(error);
    expect(toFailure(reviveError(failure), "/a")).toEqual(toFailure(error, "/a"));
    expect(reviveError(failure).message).toBe(error.message);
  });
});

describe("causeChain", () => {
  test("runs from the outermost failure to the leaf, and ends although the data is cyclic", () => {
    const cyclic = { class: "crash", name: "Error", message: "x" } as { class: "crash"; name: string; message: string; cause?: unknown };
    cyclic.cause = cyclic;
    expect(causeChain(cyclic as Parameters<typeof causeChain>[0])).toHaveLength(maxCauseDepth);
  });
});

describe("describeFailure", () => {
  test("leaves out the kind and the address where there is none", () => {
    expect(describeFailure({ class: "crash", name: "Error", message: "no" })).toBe("crash: no");
    expect(describeFailure({ class: "model-error", kind: "refusal", name: "ModelError", message: "no", address: "/a" })).toBe(
      "model-error/refusal at /a: no",
    );
  });
});
