import type { Logger, Verdict } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { RunRecord, type CheckEntry, type RecordEntry } from "./run-record.ts";

const check: CheckEntry = {
  kind: "check",
  key: "/run/verifier#1.0",
  by: "/run/verifier",
  criterion: "tests",
  passed: false,
  artefact: "1",
  observed: "",
};

describe("the view of a record", () => {
  test("has no way to write: no method, no list and no entry of it can be changed", () => {
    const record = new RunRecord();
    const { view } = record;
    record.add(check);
    expect(Object.keys(view).toSorted()).toEqual(["check", "entries", "hasOpened", "observe"]);
    expect(Object.isFrozen(view)).toBe(true);
    (view.entries as RecordEntry[]).push({ kind: "hold", by: "/run/gate", artefact: "1", open: true, reason: "" });
    expect(view.hasOpened("1")).toBe(false);
    expect(() => Object.assign(view.check(check.key)!, { passed: true })).toThrow(TypeError);
    expect(() => Object.assign(view.entries[0]!, { passed: true })).toThrow(TypeError);
    expect(view.check(check.key)).toEqual(check);
  });

  test("goes on with the newest 100,000 entries of a long run", () => {
    const record = new RunRecord();
    record.restore(Array.from({ length: 200_000 }, (_, n) => ({ ...check, key: `${n}` })));
    expect(record.view.entries).toHaveLength(100_000);
    expect(record.view.check("199999")).toMatchObject({ key: "199999" });
  });

  test("keeps a verdict as it was when it was heard", () => {
    const record = new RunRecord();
    const verdict = { accepted: false, by: "/run/verifier", artefact: "1", evidence: [], reason: "no" } satisfies Verdict;
    record.add({ kind: "verdict", verdict });
    Object.assign(verdict, { accepted: true });
    expect(record.view.entries).toMatchObject([{ verdict: { accepted: false } }]);
  });

  test("knows for which versions of the work a hold point has opened", () => {
    const record = new RunRecord();
    record.add({ kind: "hold", by: "/run/gate", artefact: "1", open: false, reason: "the tests fail" });
    record.add({ kind: "hold", by: "/run/gate", artefact: "2", open: true, reason: "" });
    expect(["1", "2", "3"].map((artefact) => record.view.hasOpened(artefact))).toEqual([false, true, false]);
  });
});

describe("a listener that throws", () => {
  test.each([
    {
      what: "at once",
      listener: () => {
        throw new Error("listener");
      },
    },
    { what: "later", listener: async () => Promise.reject(new Error("listener")) },
  ])("$what is logged, and disturbs neither the others nor whoever acts", async ({ listener }) => {
    const logged: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const error = (facts: object): void => {
      logged.push(facts);
      resolve();
    };
    const nothing = (): void => {};
    const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error };
    const record = new RunRecord({ logger });
    const heard: RecordEntry[] = [];
    record.view.observe(listener as () => void);
    record.view.observe((entry) => void heard.push(entry));
    record.add(check);
    await promise;
    expect(heard).toEqual([check]);
    expect(logged).toEqual([{ err: new Error("listener"), entry: "check" }]);
  });
});
