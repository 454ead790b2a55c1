import {
  type Address,
  checkPosition,
  type Entry,
  type EntryQuery,
  type Image,
  JournalCompactedError,
  type JournalReader,
  type Pins,
} from "@orgtree/core";
import type { BlockReader } from "./block-reader.ts";
import type { EntryIndex } from "./entry-index.ts";

/** What is read: what is known of the entries, and who reads them. */
export interface StoredParts {
  readonly run: string;
  readonly index: EntryIndex;
  readonly reader: BlockReader;
  /** Held against compaction while images are read. */
  readonly pins: Pins;
}

/** What stands in a stream, as an index knows it. */
export class StoredView implements JournalReader {
  readonly run: string;
  readonly #name: string;
  readonly #parts: StoredParts;

  constructor(name: string, parts: StoredParts) {
    this.run = parts.run;
    this.#name = name;
    this.#parts = parts;
  }

  horizon(): Promise<number> {
    return Promise.resolve(this.#parts.index.horizon);
  }

  async *images(at?: number): AsyncGenerator<Image> {
    const { index, reader, pins } = this.#parts;
    const position = checkPosition(this.#name, at) ?? index.lastPosition;
    if (position < index.horizon) throw new JournalCompactedError(this.#name, position, index.horizon);
    using _pin = pins.pin(position + 1);
    const images = [...index.histories.keys()].map((address) => index.imageOf(address, position)).filter(({ length }) => length > 0);
    for await (const entries of reader.readGroups(images)) yield { address: entries[0]!.address, entries };
  }

  async image(address: Address, at?: number): Promise<Image | undefined> {
    const { index, reader, pins } = this.#parts;
    const position = checkPosition(this.#name, at) ?? index.lastPosition;
    const facts = index.imageOf(address, position);
    if (position < index.horizon && index.at(address, position)?.mark === undefined) {
      throw new JournalCompactedError(this.#name, position, index.horizon);
    }
    using _pin = pins.pin(position + 1);
    return facts.length === 0 ? undefined : { address, entries: await reader.read(facts) };
  }

  async *read(query: EntryQuery = {}): AsyncGenerator<Entry> {
    const { index, reader } = this.#parts;
    const facts = index.select(query);
    for await (const [entry] of reader.readGroups(facts.map((fact) => [fact]))) if (entry !== undefined) yield entry;
  }

  lastSeqs(): Promise<ReadonlyMap<Address, number>> {
    return Promise.resolve(new Map([...this.#parts.index.histories].map(([address, { lastSeq }]) => [address, lastSeq])));
  }
}
