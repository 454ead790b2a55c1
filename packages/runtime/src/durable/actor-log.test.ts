import { randomBytes } from "node:crypto";
import type { Entry, NewEntry } from "@orgtree/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ActorLog, type Durable } from "./actor-log.ts";
import { emptyBooks } from "./books.ts";
import { decodeTurn, LayoutError } from "./turn-entry.ts";
import type { TurnRecord } from "./turn-store.ts";

/** A log with what it has written, as a journal would keep it. */
class Written {
  readonly log = new ActorLog("/m");
  readonly entries: Entry[] = [];

  write(state: unknown, more: Partial<TurnRecord> = {}): NewEntry {
    const seq = this.entries.length;
    const durable: Durable = { state, books: emptyBooks };
    const cause = { kind: "message" as const, key: undefined, type: "STEP", from: undefined, message: { type: "STEP", seq } };
    const turn: TurnRecord = {
      address: "/m",
      seq,
      ...durable,
      isFresh: seq === 0,
      incarnation: 1,
      atMs: 1_000 + seq,
      trace: "t",
      cause,
      effects: [],
      logic: undefined,
      plan: undefined,
      ...more,
    };
    const entry = this.log.entry(turn);
    this.log.stored(entry, durable);
    this.entries.push({ ...entry, position: seq });
    return entry;
  }

  /** From the newest whole entry on, as a journal gives them back. */
  get image(): readonly Entry[] {
    return this.entries.slice(this.entries.findLastIndex(({ kind }) => kind === "whole"));
  }

  get bytes(): number {
    return this.entries.reduce((sum, { data }) => sum + data.length, 0);
  }
}

describe("what a log has written", () => {
  test("leads back to the state, whatever the steps were", () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "list"),
      value: fc
        .jsonValue({ maxDepth: 2 })
        .map((value) => JSON.parse(JSON.stringify(value).replaceAll('"__proto__"', '"proto"')) as unknown),
      fresh: fc.integer({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), (steps) => {
        const written = new Written();
        let state: Record<string, unknown> = {};
        for (const { key, value, fresh } of steps) {
          if (key === "list")
            state = Object.assign({}, state, { list: ((state["list"] as unknown[] | undefined) ?? []).slice(-5).concat([value]) });
          else state = Object.assign({}, state, { [key]: value });
          written.write(state, fresh < -2_000_000_000 ? { isFresh: true } : {});
        }
        const read = new ActorLog("/m");
        const newest = read.read(written.image);
        expect(read.last).toEqual({ state, books: emptyBooks });
        expect(newest).toMatchObject({ turn: { cause: { type: "STEP", message: { seq: steps.length - 1 } }, atMs: 999 + steps.length } });
        // And it goes on from there as if nothing had happened.
        expect(read.last).toEqual(written.log.last);
      }),
      { numRuns: 200 },
    );
  });

  test("of a conversation that grows is what was said, at any age", () => {
    const written = new Written();
    let messages: readonly string[] = [];
    const perStep: number[] = [];
    for (const until of [10, 100, 1_000, 5_000]) {
      while (messages.length < until) {
        messages = messages.concat(randomBytes(768).toString("base64"));
        written.write({ context: { messages }, value: "working" });
      }
      perStep.push(written.bytes / until);
    }
    for (const bytes of perStep) expect(bytes).toBeLessThan(1_200);
    expect(written.entries.filter(({ kind }) => kind === "whole")).toHaveLength(1);
  });

  test("of a counter is short, and is written anew now and then, so that little has to be read", () => {
    const written = new Written();
    for (let count = 0; count < 10_000; count++) written.write({ count });
    expect(written.bytes / 10_000).toBeLessThan(100);
    expect(written.image.length).toBeLessThanOrEqual(65);
  });

  test("of a list that is worked off and filled up stays bounded by its length", () => {
    const written = new Written();
    let jobs: readonly { readonly id: number }[] = [];
    for (let id = 0; id < 3_000; id++) {
      jobs = [...jobs.slice(-20), { id }];
      written.write({ jobs });
    }
    expect(written.bytes / 3_000).toBeLessThan(150);
    expect(written.image.length).toBeLessThanOrEqual(129);
  });
});

describe("an entry", () => {
  test("of something that cannot be stored is refused, and the log goes on", () => {
    const written = new Written();
    written.write({ count: 1 });
    expect(() => written.write({ count: 2, next: () => 1 })).toThrow("the state of /m cannot be stored: state.next is a function");
    expect(() =>
      written.write({ count: 2 }, { cause: { kind: "message", key: undefined, type: "X", from: undefined, message: new Map() } }),
    ).toThrow("the message that /m took cannot be stored: it is a Map");
    written.write({ count: 3 });
    const read = new ActorLog("/m");
    read.read(written.image);
    expect(read.last?.state).toEqual({ count: 3 });
  });

  test("that is none, or of a newer layout, is told apart", () => {
    expect(() => decodeTurn(new Uint8Array([0x01]))).toThrow("these bytes are no turn of an actor");
    expect(() => decodeTurn(new Uint8Array([0x92, 0x02, 0x01]))).toThrow(LayoutError);
    expect(() => decodeTurn(new Uint8Array([0xc1]))).toThrow(RangeError);
  });
});
