import type { Address, Entry, EntryKind, Journal, NewEntry } from "@orgtree/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collect, show, showImages } from "./collect.ts";
import type { ContractStore, MakeStore } from "./journal-contract.ts";
import { ReferenceJournal } from "./reference-journal.ts";

/** One step of a random life. Numbers are relative to what is there, so that most of them mean something. */
type Step =
  | { readonly type: "append"; readonly entries: readonly RandomEntry[] }
  | { readonly type: "again"; readonly back: number; readonly changed: boolean }
  | { readonly type: "compact"; readonly keepBack: number | undefined; readonly pinBack: number | undefined }
  | { readonly type: "reopen"; readonly close: boolean };

interface RandomEntry {
  readonly address: Address;
  readonly ahead: number;
  readonly kind: EntryKind;
  readonly mark: string | undefined;
  readonly data: Uint8Array;
}

const addresses: readonly Address[] = ["/a", "/a/b", "/a-b", "/c"];
const randomEntry: fc.Arbitrary<RandomEntry> = fc.record({
  address: fc.constantFrom(...addresses),
  ahead: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: -1, max: 3 }) }),
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constant<EntryKind>("part") },
    { weight: 3, arbitrary: fc.constant<EntryKind>("whole") },
    { weight: 1, arbitrary: fc.constant<EntryKind>("end") },
  ),
  mark: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.string({ maxLength: 3 }) }),
  data: fc.uint8Array({ maxLength: 6 }),
});
const back = fc.integer({ min: 0, max: 12 });
const randomStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: fc.constant("append" as const), entries: fc.array(randomEntry, { maxLength: 4 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("again" as const), back, changed: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("compact" as const),
      keepBack: fc.option(back, { nil: undefined }),
      pinBack: fc.option(back, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("reopen" as const), close: fc.boolean() }) },
);

export function testModel(make: MakeStore, runs: number): void {
  describe("against a naive model", () => {
    test(
      "any sequence of appends, duplicates, conflicts, compactions and openings",
      { timeout: Math.max(120_000, runs * 2_000) },
      async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(randomStep, { maxLength: 30 }), async (steps) => {
            await using store = await make();
            await live(store, steps);
          }),
          { numRuns: runs },
        );
      },
    );
  });
}

async function live(store: ContractStore, steps: readonly Step[]): Promise<void> {
  const model = new ReferenceJournal();
  let journal = await store.open();
  for (const step of steps) {
    if (step.type === "reopen") {
      if (step.close) await journal.close();
      const before = journal;
      journal = await store.open();
      await before.close();
    } else if (step.type === "compact") {
      await compact(journal, { model, step });
    } else {
      await append(journal, { model, entries: entriesOf(model, step) });
    }
  }
  await compare(journal, model);
  await journal.close();
}

function entriesOf(model: ReferenceJournal, step: Extract<Step, { type: "append" | "again" }>): readonly NewEntry[] {
  if (step.type === "again") {
    const earlier = model.left.at(-1 - step.back);
    if (earlier === undefined) return [];
    const { position: _, ...same } = earlier;
    return [step.changed ? { ...same, data: Uint8Array.of(...same.data, 1) } : same];
  }
  const seqs = new Map<Address, number>();
  return step.entries.map(({ address, ahead, kind, mark, data }) => {
    const seq = Math.max(0, (seqs.get(address) ?? model.lastSeqs.get(address) ?? 0) + ahead);
    seqs.set(address, seq);
    return { address, seq, kind, ...(mark === undefined ? {} : { mark }), data };
  });
}

async function append(journal: Journal, { model, entries }: { model: ReferenceJournal; entries: readonly NewEntry[] }): Promise<void> {
  const expected = model.check(entries);
  const outcome = await journal.append(entries).then(
    (position) => ({ position }),
    (error: Error) => ({ refused: error.name }),
  );
  if (expected === "conflict") {
    expect(outcome).toEqual({ refused: "JournalConflictError" });
  } else {
    expect(outcome).toHaveProperty("position");
    model.store(entries, await newest(journal, expected));
  }
}

/** The positions of the entries that the append added, as the journal gave them. */
async function newest(journal: Journal, count: number): Promise<readonly number[]> {
  if (count === 0) return [];
  const all = await collect(journal.read());
  return all.slice(-count).map(({ position }) => position);
}

async function compact(
  journal: Journal,
  { model, step }: { model: ReferenceJournal; step: Extract<Step, { type: "compact" }> },
): Promise<void> {
  const position = (back: number): number => model.all.at(-1 - back)?.position ?? 0;
  const keepAfter = step.keepBack === undefined ? undefined : position(step.keepBack);
  const pin = step.pinBack === undefined ? undefined : position(step.pinBack);
  using _pin = pin === undefined ? undefined : journal.pin(pin);
  const before = model.left.length;
  const result = await journal.compact(keepAfter === undefined ? {} : { keepAfter });
  const left = await collect(journal.read());
  model.compacted(left, { keepAfter: keepAfter ?? Infinity, pin: pin ?? Infinity });
  expect(result).toEqual({ removed: before - left.length, kept: left.length });
}

async function compare(journal: Journal, model: ReferenceJournal): Promise<void> {
  expect((await collect(journal.read())).map(withPosition)).toEqual(model.left.map(withPosition));
  expect(Object.fromEntries(await journal.lastSeqs())).toEqual(Object.fromEntries(model.lastSeqs));
  expect(showImages(await collect(journal.images()))).toEqual(showImages(model.images()));
  for (const { position } of model.all.filter((entry) => entry.position >= model.horizon)) {
    expect(showImages(await collect(journal.images(position)))).toEqual(showImages(model.images(position)));
  }
  for (const { address, position, mark } of model.left) {
    if (mark === undefined) continue;
    const image = await journal.image(address, position);
    expect(image?.entries.map(withPosition)).toEqual(model.image(address, position)?.entries.map(withPosition));
  }
  for (const address of addresses) {
    expect((await collect(journal.read({ within: address }))).map(show)).toEqual(
      model.left.filter((entry) => entry.address === address || entry.address.startsWith(`${address}/`)).map(show),
    );
  }
}

function withPosition(entry: Entry): string {
  return `${entry.position} ${show(entry)} ${entry.data.join()}`;
}
