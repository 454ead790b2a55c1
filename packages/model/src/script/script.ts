import { checkCount, type ModelRequest } from "@orgtree/core";

import { type CheckedStep, describeStep, type ScriptStep, toCheckedStep } from "./script-step.ts";

/**
 * What a scripted model answers.
 *
 * A list: each request takes the first step left that fits it, so steps without a `when` go by in order. A function: called
 * with the request and the number of requests before it; no step means that the script is over.
 */
export type Script = readonly ScriptStep[] | ((request: ModelRequest, n: number) => ScriptStep | undefined);

/** Scripts by role; `*` answers for all that have none. */
export type RoleScripts = Readonly<Record<string, Script>>;

/** A script that is being played. */
export interface OpenScript {
  /** The step that answers a request; nothing if none is left that fits. */
  take(request: ModelRequest): CheckedStep | undefined;
  /** So many requests were answered by an earlier process: the next steps in order are used, whatever their conditions. */
  skip(requests: number): void;
  /** The steps that still wait for their request, in words. Those that may go unused are not among them. */
  unused(): readonly string[];
}

/** Starts a script from its beginning. A step out of range throws `SpecError`. */
export function openScript(script: Script): OpenScript {
  return typeof script === "function" ? openFunction(script) : openList(script);
}

function openFunction(script: (request: ModelRequest, n: number) => ScriptStep | undefined): OpenScript {
  let n = 0;
  return {
    take(request) {
      // Counted first: what throws has been asked as well.
      n += 1;
      const step = script(request, n - 1);
      return step === undefined ? undefined : toCheckedStep(step);
    },
    skip(requests) {
      n += requests;
    },
    unused: () => [],
  };
}

function openList(script: readonly ScriptStep[]): OpenScript {
  const steps = script.map((given, index) => {
    const step = toCheckedStep(given);
    const timesLeft = step.times === Infinity ? Infinity : checkCount(step.times ?? 1, 1, `script[${index}].times`);
    return { step, index, timesLeft };
  });
  return {
    take(request) {
      const entry = steps.find(({ step, timesLeft }) => timesLeft > 0 && (step.when?.(request) ?? true));
      if (entry) entry.timesLeft -= 1;
      return entry?.step;
    },
    skip(requests) {
      for (let left = requests; left > 0; left--) {
        const entry = steps.find(({ timesLeft }) => timesLeft > 0);
        if (entry !== undefined) entry.timesLeft -= 1;
      }
    },
    unused() {
      const left = steps.filter(({ timesLeft }) => timesLeft > 0 && timesLeft !== Infinity);
      return left.map(({ step, index }) => `step ${index + 1} (${describeStep(step)})`);
    },
  };
}
