import { ExpectedError, nearestName, type Address, type JournalReader } from "@orgtree/core";

/** Where a fork begins: a position, what was stored with a turn of an actor, or the newest checkpoint of a name. */
export type ForkPoint =
  | { readonly position: number }
  | { readonly address: Address; readonly seq: number }
  | { readonly checkpoint: string };

/** A journal cannot be forked there, or not into this one. */
export class ForkError extends ExpectedError {
  override readonly name = "ForkError";
  readonly retryable = false;
}

/** The position of a point. Rejects with `ForkError` when it is not there. */
export async function positionOf(source: JournalReader, point: ForkPoint): Promise<number> {
  if ("position" in point) return checkReached(source, point.position);
  return "checkpoint" in point ? positionOfCheckpoint(source, point.checkpoint) : positionOfTurn(source, point);
}

async function checkReached(source: JournalReader, position: number): Promise<number> {
  if (!Number.isSafeInteger(position) || position < 1) throw new ForkError(`position ${position} is none; the first is 1`);
  for await (const _ of source.read({ after: position - 1 })) return position;
  throw new ForkError(`position ${position} is behind the end of the journal; leave it out for all that is stored`);
}

async function positionOfTurn(
  source: JournalReader,
  { address, seq }: { readonly address: Address; readonly seq: number },
): Promise<number> {
  for await (const { position } of source.read({ address, fromSeq: seq, toSeq: seq })) return position;
  const known = [...(await source.lastSeqs()).keys()];
  if (known.includes(address)) throw new ForkError(`${address} has no turn ${seq}; orgtree history lists those that are there`);
  const nearest = nearestName(address, known);
  throw new ForkError(`nothing is stored of ${address}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`);
}

async function positionOfCheckpoint(source: JournalReader, name: string): Promise<number> {
  let found: number | undefined;
  for await (const { position } of source.read({ mark: name })) found = position;
  if (found !== undefined) return found;
  const known = new Set<string>();
  for await (const { mark } of source.read()) if (mark !== undefined) known.add(mark);
  const nearest = nearestName(name, [...known]);
  const remedy = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  throw new ForkError(`there is no checkpoint "${name}"${known.size === 0 ? ", nor any other" : remedy}`);
}
