import { describe, expect, test } from "vitest";
import {
  AskFailedError,
  AskTimeoutError,
  BudgetExhaustedError,
  MailboxFullError,
  MessageRefusedError,
  RoleViolationError,
  SpecError,
  SupervisorCallError,
  UnknownRecipientError,
  type ExpectedError,
} from "./errors.ts";

describe("an expected error", () => {
  test.each<[ExpectedError, ...words: [failureClass: string, kind: string | undefined, retryable: boolean]]>([
    [new SpecError("spec.id", "missing"), "crash", undefined, false],
    [new MailboxFullError("/a", 1), "overload", undefined, true],
    [new UnknownRecipientError("/a"), "crash", undefined, false],
    [new MessageRefusedError("/a", "forged", "no"), "crash", undefined, false],
    [new AskTimeoutError("/a", 5), "timeout", undefined, false],
    [new AskFailedError("/a", "unknown", "it ended"), "crash", undefined, false],
    [new RoleViolationError("/a", "delete", "ask somebody who may"), "role-violation", undefined, false],
    [new BudgetExhaustedError("usd", 2, 1), "budget-exhausted", "usd", false],
    [new SupervisorCallError("not-found", "a", "no such child"), "crash", undefined, false],
  ])("%s knows its failure class, its kind and whether to try again", (error, ...words) => {
    expect([error.failureClass, error.failureKind, error.retryable]).toEqual(words);
  });

  test("has its facts as detail, without what every error has", () => {
    expect(new MailboxFullError("/a", 3).detail).toEqual({ actor: "/a", capacity: 3 });
    expect(new AskFailedError("/a", "not-done", "it ended").detail).toEqual({ actor: "/a", outcome: "not-done" });
  });

  test("shows its name wherever it is printed", () => {
    const error = new MailboxFullError("/a", 3);
    expect(String(error)).toMatch(/^MailboxFullError: mailbox of \/a is full/);
    expect(error.stack).toContain("MailboxFullError");
  });

  test("tells how long the time was that is over", () => {
    expect(new BudgetExhaustedError("wall", 1_000, 0).message).toBe("budget exhausted: 1000 ms of wall time are over");
    expect(new BudgetExhaustedError("turns", 1, 0).message).toBe("budget exhausted: 1 turns wanted, 0 left");
  });
});
