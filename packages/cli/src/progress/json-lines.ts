import { countDone } from "./done-before.ts";
import type { Progress } from "./progress.ts";
import type { Surroundings } from "../surroundings.ts";

/**
 * Follows a run as JSON, one object a line, each with a `type` and, but for the last, `atMs` since 1970. The first is `run`; then come
 * the events of the system and the entries of the record under their own names; the last, `result`, is not from here.
 */
export function followInJson({ clock, stdout }: Pick<Surroundings, "clock" | "stdout">): Progress {
  const print = (object: object): void => stdout.write(jsonLine(object));
  return {
    prepare: () => {},
    begin({ organization, limits, task, work, model, notice }, start) {
      const { name, risk, agents } = organization;
      const shown = { name, risk, budget: limits.budget, agents: Object.keys(agents) };
      const { unpriced } = limits;
      print({ type: "run", organization: shown, task, work, model: model.model, unpriced, notice, ...start, atMs: clock.epochMs() });
    },
    resumed: ({ entries, workedMs }) => print({ type: "resumed", done: countDone(entries), workedMs, atMs: clock.epochMs() }),
    onStart: () => {},
    onEvent: print,
    onEntry: ({ kind, ...entry }) => print({ type: kind, ...entry, atMs: clock.epochMs() }),
    interrupted: () => print({ type: "interrupted", atMs: clock.epochMs() }),
    end: () => {},
  };
}

/** One line of JSON, whatever is in the object: what actors send one another need not be JSON. */
export function jsonLine(object: object): string {
  const above: object[] = [];
  const json = JSON.stringify(object, function replace(this: unknown, _key, value: unknown) {
    if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol") return String(value);
    if (typeof value !== "object" || value === null) return value;
    // `this` holds the value: what is not above it any more has been left.
    while (above.length > 0 && above.at(-1) !== this) above.pop();
    if (above.includes(value)) return "[circular]";
    const shown = value instanceof Error ? { name: value.name, message: value.message } : value;
    above.push(shown);
    return shown;
  });
  return `${json}\n`;
}
