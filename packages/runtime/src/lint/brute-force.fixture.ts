import { getInitialMicrosteps, getMicrosteps, type AnyMachineSnapshot } from "xstate";
import type { RandomMachine } from "./random-machine.fixture.ts";

/** A combination of active states that a run passes through, if only for one microstep. */
export interface Configuration {
  /** Ids of the active states. */
  readonly active: readonly string[];
  readonly isDone: boolean;
  readonly next: Set<Configuration>;
  canFinish: boolean;
}

/** More configurations than this are not explored. */
const most = 400;

/**
 * Runs a machine through every event and every answer of its guards, until nothing new comes.
 *
 * Undefined when there is too much to explore.
 */
export function runThrough(random: RandomMachine): readonly Configuration[] | undefined {
  const known = new Map<string, Configuration>();
  const agenda: AnyMachineSnapshot[] = [];
  const note = (snapshot: AnyMachineSnapshot, isAtRest: boolean): Configuration => {
    const key = `${isAtRest ? "" : "on the way "}${keyOf(snapshot)}`;
    let configuration = known.get(key);
    if (!configuration) {
      const isDone = snapshot.status === "done";
      configuration = { active: Object.keys(snapshot.getMeta()), isDone, next: new Set(), canFinish: isDone };
      known.set(key, configuration);
      if (isAtRest && snapshot.status === "active") agenda.push(snapshot);
    }
    return configuration;
  };
  const follow = (from: Configuration | undefined, steps: readonly AnyMachineSnapshot[]): void => {
    let before = from;
    for (const [number, step] of steps.entries()) {
      const after = note(step, number === steps.length - 1);
      before?.next.add(after);
      before = after;
    }
  };
  for (const allowed of answers(random)) follow(undefined, stepsOf(random, allowed, () => getInitialMicrosteps(random.machine)));
  for (let snapshot = agenda.pop(); snapshot; snapshot = agenda.pop()) {
    if (known.size > most) return undefined;
    for (const type of ["A", "B", "C", "OTHER"])
      for (const allowed of answers(random)) {
        const at = snapshot;
        follow(
          note(at, true),
          stepsOf(random, allowed, () => getMicrosteps(random.machine, at, { type })),
        );
      }
  }
  return markFinishing([...known.values()]);
}

function answers(random: RandomMachine): readonly number[] {
  return Array.from({ length: 1 << random.guards }, (_, allowed) => allowed);
}

/** The snapshots of one macrostep; none when it never ends. */
function stepsOf(
  random: RandomMachine,
  allowed: number,
  run: () => readonly (readonly [AnyMachineSnapshot, ...unknown[]])[],
): readonly AnyMachineSnapshot[] {
  random.oracle.allowed = allowed;
  try {
    return run().map(([snapshot]) => snapshot);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("Infinite loop")) return [];
    throw error;
  }
}

function keyOf(snapshot: AnyMachineSnapshot): string {
  const history = Object.entries(snapshot.historyValue).map(([id, nodes]) => [id, nodes.map((node: { readonly id: string }) => node.id)]);
  return JSON.stringify([snapshot.status, snapshot.value, history]);
}

function markFinishing(configurations: readonly Configuration[]): readonly Configuration[] {
  for (let changed = true; changed;) {
    changed = false;
    for (const configuration of configurations)
      if (!configuration.canFinish && [...configuration.next].some((next) => next.canFinish)) changed = configuration.canFinish = true;
  }
  return configurations;
}
