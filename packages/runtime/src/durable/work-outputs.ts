import { attemptKey, fullKey } from "./effect-key.ts";
import { resultsOf } from "../machine/known-results.ts";
import type { PastTurn } from "./past-turn.ts";

/** What work came to, by the keys of its attempts. Of what failed, or has not ended, there is nothing. */
export type WorkOutputs = ReadonlyMap<string, unknown>;

/** What the work came to that actors did in some turns: as those turns have heard it, or their newest states, where nobody has taken it yet. */
export function outputsOf(turns: readonly PastTurn[], newest: readonly unknown[]): WorkOutputs {
  const outputs = new Map<string, unknown>();
  const attempts = new Map<string, number>();
  for (const { address, cause, effects } of turns) {
    for (const { kind, detail } of effects) {
      const { place, attempt } = (detail ?? {}) as { readonly place?: string; readonly attempt?: number };
      if (kind === "run" && place !== undefined) attempts.set(fullKey(address, place), attempt ?? 1);
    }
    if (cause.kind !== "signal" || cause.type !== "orgtree.done" || cause.key === undefined) continue;
    const key = fullKey(address, cause.key);
    outputs.set(attemptKey(key, attempts.get(key) ?? 1), (cause.message as { readonly output?: unknown }).output);
  }
  for (const results of [resultsOf({ later: turns, now: undefined }), ...newest.map((now) => resultsOf({ later: [], now }))])
    for (const [key, event] of results) outputs.set(key, event["data"]);
  return outputs;
}
