import { shutdownExit } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { Asks } from "../kernel/asks.ts";
import { Holdings } from "./holdings.ts";
import { Mail } from "./mail.ts";
import { systemRandom } from "../time/system-clock.ts";
import { TimerQueue } from "../time/timer-queue.ts";
import { VirtualClock } from "../time/virtual-clock.ts";

function makeKernel() {
  const timers = new TimerQueue(new VirtualClock(), () => {});
  return { timers, asks: new Asks(timers, systemRandom) };
}

function askIn(asks: Asks): { mail: Mail; rejected: Error[] } {
  const rejected: Error[] = [];
  const mail = new Mail("message", { to: "/a", from: undefined, trace: "1" }, "?");
  asks.open({ resolve: () => {}, reject: (error) => void rejected.push(error) }, mail, { timeoutMs: Infinity });
  return { mail, rejected };
}

describe("Holdings", () => {
  test("does not keep questions that others have answered, such as those an actor passes on", () => {
    const { asks } = makeKernel();
    const holdings = new Holdings();
    for (let number = 0; number < 10_000; number++) {
      const { mail } = askIn(asks);
      holdings.keepAsk(mail, asks);
      asks.resolve(mail.replyTo!, "answered elsewhere");
      expect(holdings.asked).toBeLessThanOrEqual(64);
    }
  });

  test("keeps every question that is open, however many", () => {
    const kernel = makeKernel();
    const holdings = new Holdings();
    const open = Array.from({ length: 1_000 }, () => askIn(kernel.asks));
    for (const { mail } of open) holdings.keepAsk(mail, kernel.asks);
    expect(holdings.asked).toBe(1_000);
    holdings.release(kernel, { address: "/a", exit: shutdownExit });
    for (const { rejected } of open) expect(rejected).toMatchObject([{ name: "AskFailedError", outcome: "unknown" }]);
    expect(kernel.asks.size).toBe(0);
  });

  test("hears a timer of its own once, and none that was cancelled or set again", () => {
    const { timers } = makeKernel();
    const holdings = new Holdings();
    const [first, second, third] = [0, 1, 2].map(() => ({ type: "orgtree.timer", name: "tick" }) as const);
    holdings.setTimer(
      first!,
      timers.set(1, () => {}),
      timers,
    );
    holdings.setTimer(
      second!,
      timers.set(1, () => {}),
      timers,
    );
    expect(timers.pending).toBe(1);
    expect(holdings.redeemTimer(first!)).toBe(false);
    expect(holdings.redeemTimer(second!)).toBe(true);
    expect(holdings.redeemTimer(second!)).toBe(false);
    holdings.setTimer(
      third!,
      timers.set(1, () => {}),
      timers,
    );
    holdings.cancelTimer("tick", timers);
    expect(holdings.redeemTimer(third!)).toBe(false);
  });

  test("aborts its signal at the end, with the reason", () => {
    const kernel = makeKernel();
    const holdings = new Holdings();
    const { signal } = holdings;
    holdings.setTimer(
      { type: "orgtree.timer", name: "tick" },
      kernel.timers.set(1, () => {}),
      kernel.timers,
    );
    holdings.release(kernel, { address: "/a", exit: shutdownExit });
    expect(signal.reason).toEqual(new Error("/a ended: shutdown"));
    expect(kernel.timers.pending).toBe(0);
  });
});
