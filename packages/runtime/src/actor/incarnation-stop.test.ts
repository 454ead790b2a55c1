import type { Exit } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { die, makePuppet, stop } from "./plain.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";

describe("an ordered stop", () => {
  test.each([
    ["nothing", undefined, { kind: "shutdown" }],
    ["an exit of its own", { kind: "normal", output: 7 } satisfies Exit, { kind: "normal", output: 7 }],
  ] as const)("runs terminate with the state and the exit; when that gives %s, so it ends", async (_what, own, exit) => {
    await using world = startWorld();
    const seen: unknown[] = [];
    const { logic } = makePuppet({ terminate: (...args) => (seen.push(args), own) });
    await world.start(logic);
    await world.tell("one turn");
    await world.system.stop("/m");
    expect(seen).toEqual([[1, { kind: "shutdown" }]]);
    expect(world.exits()).toEqual([exit]);
  });

  test("waits for a terminate that takes time, within shutdownMs", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<Exit | void>();
    await world.start(makePuppet({ terminate: () => promise }).logic, { shutdownMs: 100 });
    const stopping = stop(world);
    await world.clock.advance(99);
    expect(stopping.over).toBe(false);
    expect(world.node()).toMatchObject({ status: "stopping" });
    resolve();
    await stopping.promise;
    expect(world.exits()).toEqual([{ kind: "shutdown" }]);
    expect(world.system.open.timers).toBe(0);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("no"))],
  ])("ends as a failure when terminate %s", async (_what, terminate) => {
    await using world = startWorld();
    await world.start(makePuppet({ terminate }).logic);
    await world.system.stop("/m");
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { message: "no", address: "/m" } }]);
  });

  test("kills what has not stopped within shutdownMs, and a later end of terminate changes nothing", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<Exit | void>();
    await world.start(makePuppet({ terminate: () => promise }).logic, { shutdownMs: 100 });
    const stopping = stop(world);
    await world.clock.advance(100);
    await stopping.promise;
    resolve({ kind: "normal" });
    await world.clock.settle();
    expect(world.exits()).toEqual([{ kind: "killed" }]);
  });

  test("waits for ever when shutdownMs is infinity", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<Exit | void>();
    await world.start(makePuppet({ terminate: () => promise }).logic, { shutdownMs: "infinity" });
    const stopping = stop(world);
    await world.clock.advance(365 * 86_400_000);
    expect(stopping.over).toBe(false);
    resolve();
    await stopping.promise;
  });

  test.each([
    { shutdownMs: 0, ends: "at once", calls: 1, exit: { kind: "shutdown" } },
    { shutdownMs: 0, ends: "later", calls: 1, exit: { kind: "killed" } },
    { shutdownMs: "brutal-kill", ends: "at once", calls: 0, exit: { kind: "killed" } },
  ] as const)("with shutdownMs $shutdownMs and a terminate that ends $ends: $exit.kind", async ({ shutdownMs, ends, ...expected }) => {
    await using world = startWorld();
    let calls = 0;
    const terminate = (): void | Promise<void> => {
      calls++;
      return ends === "later" ? Promise.withResolvers<void>().promise : undefined;
    };
    await world.start(makePuppet({ terminate }).logic, { shutdownMs });
    await world.system.stop("/m");
    expect({ calls, exit: world.exits()[0] }).toEqual(expected);
  });

  test("comes before the rest of the mailbox, which becomes dead letters", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<void>();
    const { logic, got } = makePuppet({ terminate: () => promise });
    await world.start(logic);
    const stopping = stop(world);
    await world.clock.settle();
    await world.tell({ type: "late" });
    expect(got).toEqual([]);
    resolve();
    await stopping.promise;
    expect(world.letters()).toEqual(["stopped: late"]);
  });

  test("ends a suspended actor with its failure", async () => {
    await using world = startWorld();
    // Its supervisor is busy with another child, so it stays suspended.
    const { promise, resolve } = Promise.withResolvers<void>();
    const children = [
      { id: "m", logic: makePuppet().logic, onFailure: { crash: "resume" as const } },
      { id: "slow", logic: makePuppet({ terminate: () => promise }).logic },
    ];
    await world.start(supervisor({ children }), { id: "s" });
    const slow = Promise.allSettled([world.system.stop("/s/slow")]);
    await world.clock.settle();
    await world.tell(die, "/s/m");
    const stopped = world.system.stop("/s");
    await world.clock.settle();
    resolve();
    await Promise.all([slow, stopped]);
    expect(world.exits("/s/m")).toMatchObject([{ kind: "failure", failure: { message: "it dies" } }]);
  });
});
