import { describe, expect, test } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

describe("VirtualClock", () => {
  test("stands still until it is moved, and moves the time of day with it", async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    expect([clock.nowMs(), clock.epochMs()]).toEqual([0, Date.UTC(2026, 0, 1)]);
    await clock.advance(86_400_000);
    expect([clock.nowMs(), clock.epochMs()]).toEqual([86_400_000, Date.UTC(2026, 0, 2)]);
  });

  test("calls what is due in order, each at its own time, those set on the way included", async () => {
    const clock = new VirtualClock();
    const calls: [string, number][] = [];
    clock.setTimer(20, () => calls.push(["b", clock.nowMs()]));
    clock.setTimer(10, () => {
      calls.push(["a", clock.nowMs()]);
      clock.setTimer(5, () => calls.push(["between", clock.nowMs()]));
    });
    clock.setTimer(20, () => calls.push(["c", clock.nowMs()]));
    clock.setTimer(31, () => calls.push(["too late", clock.nowMs()]));
    await clock.advance(30);
    expect(calls).toEqual([
      ["a", 10],
      ["between", 15],
      ["b", 20],
      ["c", 20],
    ]);
    expect(clock.pending).toBe(1);
  });

  test("does not call what was cancelled", async () => {
    const clock = new VirtualClock();
    const cancel = clock.setTimer(10, () => expect.fail("it was cancelled"));
    cancel();
    cancel();
    await clock.advance(10);
    expect(clock.pending).toBe(0);
  });

  test("lets promises settle before it moves on", async () => {
    const clock = new VirtualClock();
    const calls: string[] = [];
    clock.setTimer(1, () => void Promise.resolve().then(() => clock.setTimer(1, () => calls.push("from a promise"))));
    clock.setTimer(3, () => calls.push("last"));
    await clock.advance(3);
    expect(calls).toEqual(["from a promise", "last"]);
  });

  test("settles deferred work that defers more work", async () => {
    const clock = new VirtualClock();
    let left = 100;
    const work = (): void => {
      if (--left > 0) clock.defer(work);
    };
    clock.defer(work);
    await clock.settle();
    expect(left).toBe(0);
  });

  test("gives up on work that defers itself for ever", async () => {
    const clock = new VirtualClock();
    let ended = false;
    const work = (): void => {
      if (!ended) clock.defer(work);
    };
    clock.defer(work);
    await clock.settle();
    ended = true;
    await clock.settle();
  });

  test("refuses to go back", async () => {
    await expect(new VirtualClock().advance(-1)).rejects.toThrow("time does not go back");
  });
});
