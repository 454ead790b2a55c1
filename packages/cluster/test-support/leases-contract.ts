import { LeaseError, type LeaseEvent, type Leases } from "@orgtree/core";
import { describe, expect, test } from "vitest";

/** The leases of a process, which can be taken off the network. */
export interface ContractLeases {
  readonly leases: Leases;
  cut(): void;
  mend(): void;
}

/** One store, which nobody else uses, and processes that share it. */
export interface ContractStore extends AsyncDisposable {
  connect(): Promise<ContractLeases>;
}

/** What all leases do, whatever they are made of. Calls are made with a deadline of at most three seconds. */
export function leasesContract(name: string, make: () => Promise<ContractStore>): void {
  describe(`leases ${name}`, () => {
    recordContract(make);
    watchContract(make);
    outageContract(make);
  });
}

function recordContract(make: () => Promise<ContractStore>): void {
  test("store a record where there is none, and where it has not changed; else they store nothing", async () => {
    await using store = await make();
    const { leases } = await store.connect();
    expect(await leases.read("part.main-0")).toBeUndefined();
    const first = await leases.put("part.main-0", { node: "a" }, 0);
    expect(first).toBeGreaterThan(0);
    expect(await leases.put("part.main-0", { node: "b" }, 0)).toBeUndefined();
    expect(await leases.read("part.main-0")).toEqual({ key: "part.main-0", revision: first, value: { node: "a" } });
    const second = await leases.put("part.main-0", { node: "c", pools: ["main"], at: null }, first!);
    expect(second).toBeGreaterThan(first!);
    expect(await leases.put("part.main-0", { node: "d" }, first!)).toBeUndefined();
    expect(await leases.read("part.main-0")).toMatchObject({ revision: second, value: { node: "c", pools: ["main"], at: null } });
  });

  test("count revisions over all records", async () => {
    await using store = await make();
    const { leases } = await store.connect();
    const one = await leases.put("node.a", 1, 0);
    const other = await leases.put("node.b", 1, 0);
    const again = await leases.put("node.a", 2, one!);
    expect(other).toBeGreaterThan(one!);
    expect(again).toBeGreaterThan(other!);
  });

  test("remove a record that has not changed, and let it be made anew", async () => {
    await using store = await make();
    const { leases } = await store.connect();
    const first = await leases.put("node.a", 1, 0);
    const second = await leases.put("node.a", 2, first!);
    expect(await leases.remove("node.a", first!)).toBe(false);
    expect(await leases.remove("node.a", second!)).toBe(true);
    expect(await leases.read("node.a")).toBeUndefined();
    expect(await leases.remove("node.a", second!)).toBe(false);
    expect(await leases.put("node.a", 3, second!)).toBeUndefined();
    const third = await leases.put("node.a", 4, 0);
    expect(third).toBeGreaterThan(second!);
    expect(await leases.put("node.a", 5, 0)).toBeUndefined();
    expect(await leases.read("node.a")).toMatchObject({ revision: third, value: 4 });
  });

  test("let exactly one of many win", async () => {
    await using store = await make();
    const all = await Promise.all([store.connect(), store.connect(), store.connect()]);
    let revision = 0;
    for (let round = 0; round < 20; round++) {
      const results = await Promise.all(all.map(({ leases }, n) => decided(leases, { n, round, revision })));
      const winners = results.filter((result) => result !== undefined);
      expect(winners, `round ${round}`).toHaveLength(1);
      revision = winners[0]!;
    }
  });
}

function watchContract(make: () => Promise<ContractStore>): void {
  test("tell a watch what there is, that this is all, and then what changes, in its order", async () => {
    await using store = await make();
    const [one, other] = [await store.connect(), await store.connect()];
    const kept = await one.leases.put("node.a", "old", 0);
    const gone = await one.leases.put("node.b", 1, 0);
    await one.leases.put("part.x", 1, 0);
    await one.leases.remove("node.b", gone!);
    const seen = watch(other.leases);
    await seen.until(({ type }) => type === "complete");
    expect(seen.state()).toEqual({ "node.a": "old", "part.x": 1 });
    const count = seen.events.length;
    const next = await one.leases.put("node.a", "new", kept!);
    const third = await one.leases.put("node.c", 1, 0);
    await one.leases.remove("node.a", next!);
    await seen.until((event) => event.type === "removed" && event.key === "node.a" && event.revision > third!);
    const told = seen.events.slice(count).map((event) => {
      if (event.type === "stored") return `${event.record.key}@${event.record.revision}`;
      return event.type === "removed" ? `removed ${event.key}` : event.type;
    });
    // A change that was overtaken by another one of the same record may be left out.
    expect(told.filter((each) => each !== `node.a@${next}`)).toEqual([`node.c@${third}`, "removed node.a"]);
    if (told.length === 3) expect(told[0]).toBe(`node.a@${next}`);
    seen.stop();
  });

  test("tell a watch nothing more when it is stopped", async () => {
    await using store = await make();
    const { leases } = await store.connect();
    const [seen, other] = [watch(leases), watch(leases)];
    await Promise.all([seen, other].map((each) => each.until(({ type }) => type === "complete")));
    seen.stop();
    await leases.put("node.a", 1, 0);
    await other.until(({ type }) => type === "stored");
    expect(seen.events.filter(({ type }) => type === "stored")).toEqual([]);
    other.stop();
  });
}

function outageContract(make: () => Promise<ContractStore>): void {
  test("reject in time while a process is cut off, and say what became of the change", { timeout: 20_000 }, async () => {
    await using store = await make();
    const process = await store.connect();
    const { leases } = process;
    const first = await leases.put("node.a", 1, 0);
    const seen = watch(leases);
    await seen.until(({ type }) => type === "complete");
    process.cut();
    const errors = await Promise.all([
      leases.put("node.a", 2, first!).catch((error: unknown) => error),
      leases.read("node.a").catch((error: unknown) => error),
      leases.remove("node.a", first!).catch((error: unknown) => error),
    ]);
    for (const error of errors) expect(error).toBeInstanceOf(LeaseError);
    for (const error of errors) expect(error).toMatchObject({ retryable: true });
    await seen.until(({ type }) => type === "lost");
    await expect(leases.put("node.a", 2, first!)).rejects.toMatchObject({ outcome: "not-done" });
    process.mend();
    seen.stop();
  });

  test("tell a watch everything anew when it could hear nothing for a while", { timeout: 20_000 }, async () => {
    await using store = await make();
    const [one, other] = [await store.connect(), await store.connect()];
    const first = await one.leases.put("node.a", 1, 0);
    const gone = await one.leases.put("node.b", 1, 0);
    const seen = watch(other.leases);
    await seen.until(({ type }) => type === "complete");
    other.cut();
    await seen.until(({ type }) => type === "lost");
    await one.leases.put("node.a", 2, first!);
    await one.leases.put("node.c", 1, 0);
    await one.leases.remove("node.b", gone!);
    const from = seen.events.length;
    other.mend();
    await seen.until(({ type }, at) => type === "complete" && at >= from);
    expect(seen.state()).toEqual({ "node.a": 2, "node.c": 1 });
    seen.stop();
  });
}

/** Puts until it is known who won: undefined where it was somebody else. */
async function decided(
  leases: Leases,
  { n, round, revision }: { readonly n: number; readonly round: number; readonly revision: number },
): Promise<number | undefined> {
  for (;;) {
    try {
      return await leases.put("part.x", { n, round }, revision);
    } catch (error) {
      if (!(error instanceof LeaseError) || error.outcome !== "unknown") throw error;
    }
    const there = await leases.read("part.x");
    if (there === undefined || there.revision === revision) continue;
    const { n: winner, round: ofRound } = there.value as { readonly n: number; readonly round: number };
    return winner === n && ofRound === round ? there.revision : undefined;
  }
}

interface Seen {
  readonly events: LeaseEvent[];
  /** What is there, as a watch knows it. */
  state(): Readonly<Record<string, unknown>>;
  until(is: (event: LeaseEvent, at: number) => boolean): Promise<void>;
  stop(): void;
}

function watch(leases: Leases): Seen {
  const events: LeaseEvent[] = [];
  let wake = Promise.withResolvers<void>();
  const stop = leases.watch((event) => {
    events.push(event);
    wake.resolve();
    wake = Promise.withResolvers();
  });
  return {
    events,
    stop,
    async until(is) {
      while (!events.some(is)) await wake.promise;
    },
    state() {
      const state = new Map<string, unknown>();
      let untold = new Set<string>();
      for (const event of events) {
        if (event.type === "lost") untold = new Set(state.keys());
        else if (event.type === "complete") for (const key of untold) state.delete(key);
        else if (event.type === "removed") state.delete(event.key);
        else {
          untold.delete(event.record.key);
          state.set(event.record.key, event.record.value);
        }
      }
      return Object.fromEntries(state);
    },
  };
}
