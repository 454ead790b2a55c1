import type { TransportCounts } from "@orgtree/cluster";

/** A transport, as far as it counts. */
interface Counting {
  readonly counts: TransportCounts;
}

/**
 * Counts what came to a node and was not taken, and what it was not allowed to send, by reason; over all partitions that it has hosted, since
 * a counter never goes back.
 */
export class Refusals {
  readonly #open = new Set<Counting>();
  readonly #past = new Map<string, number>();

  begin(transport: Counting): void {
    this.#open.add(transport);
  }

  end(transport: Counting): void {
    if (this.#open.delete(transport)) addTo(this.#past, transport.counts);
  }

  /** Something that no transport sees. */
  add(reason: string): void {
    this.#past.set(reason, (this.#past.get(reason) ?? 0) + 1);
  }

  get byReason(): ReadonlyMap<string, number> {
    const sum = new Map(this.#past);
    for (const { counts } of this.#open) addTo(sum, counts);
    return sum;
  }
}

function addTo(sum: Map<string, number>, { unreadable, forged, replayed, forbidden, refused }: TransportCounts): void {
  const all = [...Object.entries({ unreadable, forged, replayed, forbidden }), ...Object.entries(refused)];
  for (const [reason, count] of all) sum.set(reason, (sum.get(reason) ?? 0) + count);
}
