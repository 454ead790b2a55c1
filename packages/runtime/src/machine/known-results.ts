import type { PastTurn } from "../durable/past-turn.ts";
import { attemptKey, type FullKey } from "../durable/effect-key.ts";
import { pathKey, type Path } from "./child-path.ts";
import { cameAs } from "./recalled-event.ts";
import { isStoredMachine, type StoredEvent, type StoredMachine, type StoredOrigin } from "./stored-machine.ts";

/**
 * A machine that goes back to a cut, with what the work that was under way there has come to since: it is not done again. `later` are
 * its turns since, `now` is its newest state.
 */
export function withKnownResults(
  atCut: StoredMachine,
  since: { readonly later: readonly PastTurn[]; readonly now: unknown },
): StoredMachine {
  const waiting = new Set(atCut.heard.map(({ target }) => (target === undefined ? undefined : pathKey(target))));
  const paths = new Map<string, string>();
  for (const [path, origin] of Object.entries(atCut.begun)) if (!waiting.has(path)) paths.set(keyOf(origin), path);
  const heard: StoredEvent[] = [...atCut.heard];
  for (const [key, event] of resultsOf(since)) {
    const path = paths.get(key);
    if (path === undefined) continue;
    const child = JSON.parse(path) as Path;
    heard.push({ event, target: child, source: child });
  }
  return { ...atCut, heard };
}

/** What work came to, by its keys, in the order of coming: taken since, or known and not taken yet. What failed may be tried again. */
export function resultsOf({ later, now }: Parameters<typeof withKnownResults>[1]): ReadonlyMap<string, StoredEvent["event"]> {
  const results = new Map<string, StoredEvent["event"]>();
  const note = (key: string | undefined, event: StoredEvent["event"]): void => {
    if (key !== undefined && event.type === "xstate.promise.resolve") results.set(key, event);
  };
  for (const { cause } of later) if (cause.kind === "internal") note(cause.via?.work, cameAs(cause));
  if (!isStoredMachine(now)) return results;
  for (const { event, target } of now.heard) {
    const origin = target === undefined ? undefined : now.begun[pathKey(target)];
    note(origin === undefined ? undefined : keyOf(origin), event);
  }
  return results;
}

function keyOf({ key, attempt = 1 }: StoredOrigin): FullKey {
  return attemptKey(key, attempt);
}
