import { MemoryLeaseStore } from "@orgtree/cluster";
import { leasesContract } from "@orgtree/cluster/testing";
import { LeaseError } from "@orgtree/core";
import { systemClock, VirtualClock } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";

leasesContract("in memory", () => {
  const store = new MemoryLeaseStore({ clock: systemClock });
  let count = 0;
  return Promise.resolve({
    connect() {
      const leases = store.connect(`process ${count++}`);
      return Promise.resolve({ leases, cut: () => leases.cut(), mend: () => leases.mend() });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

describe("leases in memory", () => {
  test.each([
    ["is lost on its way", { thereMs: undefined, backMs: 0 }, undefined],
    ["is never answered", { thereMs: 0, backMs: undefined }, 1],
    ["is late", { thereMs: 1_500, backMs: 0 }, 1],
    ["is answered late", { thereMs: 0, backMs: 1_500 }, 1],
  ])("say that nobody knows when a change %s", async (_what, passage, there) => {
    const clock = new VirtualClock();
    const store = new MemoryLeaseStore({ clock, passage: ({ type }) => (type === "put" ? passage : { thereMs: 0, backMs: 0 }) });
    const leases = store.connect("a");
    const put = leases.put("node.a", 1, 0).catch((error: unknown) => error);
    await clock.advance(2_000);
    expect(await put).toBeInstanceOf(LeaseError);
    expect(await put).toMatchObject({ outcome: "unknown" });
    expect((await leases.read("node.a"))?.value).toBe(there);
  });
});
