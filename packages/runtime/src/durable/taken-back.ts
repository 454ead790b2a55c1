/** Work that was taken back already: after a crash in the middle of it, for another attempt, or by an earlier rollback. */
import type { Address, Failure, RollbackReport } from "@orgtree/core";
import { attemptKey, fullKey, parseOutward, type FullKey } from "./effect-key.ts";
import type { PastTurn } from "./past-turn.ts";

type StoredEffect = Pick<PastTurn["effects"][number], "key" | "detail">;

/** What a turn says of the work that it begins; `place` and `attempt` where it was begun before. */
interface Begun {
  readonly place?: string;
  readonly attempt?: number;
}

/** The keys of work that turns say was taken back, without the run. */
export function takenBackIn(turns: readonly PastTurn[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { address, cause, effects } of turns) {
    for (const effect of effects) {
      const { attempt = 1 } = begunBy(effect);
      if (attempt > 1) keys.add(attemptKey(placeOf(effect, address), attempt - 1));
    }
    if (cause.kind === "rollback") for (const { key } of (cause.message as Partial<RollbackReport>).undone ?? []) keys.add(key);
    const key = failureIn(cause)?.detail?.["key"];
    const outward = failureIn(cause)?.name === "WorkUndoneError" && typeof key === "string" ? parseOutward(key) : undefined;
    if (outward !== undefined) keys.add(outward.key);
  }
  return keys;
}

/** Whether that is one of them. */
export function isTakenBack(
  effect: StoredEffect,
  { address, keys }: { readonly address: Address; readonly keys: ReadonlySet<string> },
): boolean {
  return keys.has(effect.key) || keys.has(attemptOf(effect, address));
}

/** The key of the attempt that an effect has begun, by which it is taken back. */
export function attemptOf(effect: StoredEffect, address: Address): string {
  const { attempt = 1 } = begunBy(effect);
  return attemptKey(placeOf(effect, address), attempt);
}

function begunBy({ detail }: StoredEffect): Begun {
  return detail ?? {};
}

function placeOf(effect: StoredEffect, address: Address): FullKey {
  const { place } = begunBy(effect);
  return typeof place === "string" ? fullKey(address, place) : effect.key;
}

/** Why work has failed, where that is what a turn was about. */
function failureIn({ message, via }: PastTurn["cause"]): Partial<Failure> | undefined {
  return via?.failure ?? ((message ?? {}) as { readonly failure?: Partial<Failure> }).failure;
}
