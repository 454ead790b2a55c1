import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Mail, type MailKind } from "./mail.ts";
import { Mailbox } from "./mailbox.ts";

function mailOf(kind: MailKind, message: unknown): Mail {
  return new Mail(kind, { to: "/a", from: undefined, trace: "1" }, message);
}

type Step = "push-message" | "push-signal" | "push-internal" | "shift" | "put-back" | "empty" | "take-notices";
const steps = fc.array(
  fc.constantFrom<Step>(
    "push-message",
    "push-message",
    "push-signal",
    "push-internal",
    "shift",
    "shift",
    "put-back",
    "empty",
    "take-notices",
  ),
  { size: "large" },
);

/** The mailbox beside an array that does the same. */
function replay(all: readonly Step[]): void {
  const mailbox = new Mailbox(1_000);
  let model: Mail[] = [];
  let taken: Mail[] = [];
  for (const [number, step] of all.entries()) {
    switch (step) {
      case "push-message":
      case "push-signal":
      case "push-internal": {
        const mail = mailOf(step.slice("push-".length) as MailKind, number);
        mailbox.push(mail);
        model.push(mail);
        break;
      }
      case "shift": {
        const mail = mailbox.shift();
        expect(mail).toBe(model.shift());
        if (mail !== undefined) taken.push(mail);
        break;
      }
      case "put-back":
        mailbox.putBack(taken);
        model = taken.concat(model);
        taken = [];
        break;
      case "empty":
        expect(mailbox.empty()).toEqual(model);
        model = [];
        break;
      case "take-notices":
        expect(mailbox.takeNotices()).toEqual(model.filter(({ kind }) => kind !== "message"));
        model = model.filter(({ kind }) => kind === "message");
        break;
      default:
        step satisfies never;
    }
    expect(mailbox.size).toBe(model.length);
    expect(mailbox.messages).toBe(model.filter(({ kind }) => kind === "message").length);
  }
  expect(mailbox.empty()).toEqual(model);
}

describe("Mailbox", () => {
  test("is a queue that can be put back in front, and counts the messages of users", () => {
    fc.assert(fc.property(steps, replay), { numRuns: 100 });
  });

  test("keeps the order over many times its first size, wrapping around", () => {
    const mailbox = new Mailbox(1_000);
    let next = 0;
    for (let round = 0; round < 50; round++) {
      for (let number = 0; number < 100; number++) mailbox.push(mailOf("message", round * 100 + number));
      for (let number = 0; number < (round % 3 === 0 ? 60 : 120) && mailbox.size > 0; number++)
        expect(mailbox.shift()!.message).toBe(next++);
    }
    for (const mail of mailbox.empty()) expect(mail.message).toBe(next++);
    expect(next).toBe(5_000);
  });

  test("holds no mail that has been taken", async () => {
    const mailbox = new Mailbox(1_000);
    const refs: WeakRef<object>[] = [];
    for (let number = 0; number < 10; number++) {
      const message = { number };
      refs.push(new WeakRef(message));
      mailbox.push(mailOf("message", message));
    }
    for (let number = 0; number < 10; number++) mailbox.shift();
    expect(mailbox.shift()).toBeUndefined();
    expect(mailbox.size).toBe(0);
  });
});
