import { describe, expect, test } from "vitest";
import { emptyBooks } from "./books.ts";
import { viewMoment } from "./moment-view.ts";

describe("viewMoment", () => {
  test.each([
    undefined,
    null,
    7,
    "text",
    [],
    { snapshot: { status: "active", value: null }, timers: {}, begun: {}, heard: [] },
    { snapshot: { status: "active", value: "a" }, timers: { t: null }, begun: {}, heard: [] },
    { rows: null, stamps: [], nextId: 1, lastToken: 0 },
    { rows: { 0: { ":a": null } }, past: {}, stamps: [], nextId: 1, lastToken: 0 },
    { rows: {}, stamps: [], nextId: 1, lastToken: 0 },
  ])("takes %j for what it is: the state of a plain actor", (state) => {
    expect(viewMoment({ state, books: emptyBooks })).toEqual({
      kind: "plain",
      label: undefined,
      parts: { state, runtime: { birth: 0 } },
    });
  });

  test("has of the books what is not empty", () => {
    const books = {
      ...emptyBooks,
      names: { editor: true as const },
      spent: { turns: 0, tokens: 7, microUsd: 0 },
      taken: { "/a": "1.0" as const },
    };
    expect(viewMoment({ state: 1, books }).parts).toEqual({
      state: 1,
      names: ["editor"],
      spent: books.spent,
      runtime: { birth: 0, taken: { "/a": "1.0" } },
    });
  });

  test("has of a machine what has come to it and was not taken yet, and what else is stored", () => {
    const heard = [{ event: { type: "xstate.done.actor.booking", output: 7 }, source: ["booking"], target: ["booking"] }];
    const timer = { id: "late", event: { type: "LATE", n: 1 }, dueMs: 5, setMs: 1, owner: [], target: [] };
    const state = {
      snapshot: { status: "active", value: "booking", context: {}, historyValue: {} },
      timers: { late: timer },
      begun: { booking: { key: "/a#1.0" } },
      heard,
    };
    expect(viewMoment({ state, books: { ...emptyBooks, exit: { kind: "shutdown" } } }).parts).toEqual({
      value: "booking",
      context: {},
      heard,
      timers: { late: 5 },
      exit: { kind: "shutdown" },
      runtime: { timers: { late: timer }, begun: state.begun, birth: 0 },
    });
  });
});
