import { getInitialMicrosteps, getMicrosteps, type AnyMachineSnapshot, type AnyStateNode } from "xstate";
import type { RandomMachine } from "./random-machine.fixture.ts";

/** A combination of active states that a run passes through, if only for one microstep. */
export interface Configuration {
  /** Ids of the active states. */
  readonly active: readonly string[];
  readonly isDone: boolean;
  readonly next: Set<Configuration>;
  canFinish: boolean;
}

/** All that a machine can do. */
export interface Runs {
  readonly configurations: readonly Configuration[];
  /** Whether some step never ends. Of the course of such a step XState tells nothing, so its configurations are missing. */
  readonly hangs: boolean;
}

/** More configurations than this are not explored. */
const most = 400;

/**
 * Runs a machine through every event and every answer of its guards, until nothing new comes.
 *
 * Events come between microsteps too, as raised ones can, but for states that an eventless transition leaves at once: XState
 * looks for those first.
 *
 * Undefined when there is too much to explore.
 */
export function runThrough(random: RandomMachine): Runs | undefined {
  const known = new Map<string, Configuration>();
  const agenda: AnyMachineSnapshot[] = [];
  const note = (snapshot: AnyMachineSnapshot): Configuration => {
    const key = keyOf(snapshot);
    let configuration = known.get(key);
    if (!configuration) {
      const isDone = snapshot.status === "done";
      configuration = { active: Object.keys(snapshot.getMeta()), isDone, next: new Set(), canFinish: isDone };
      known.set(key, configuration);
    }
    return configuration;
  };
  const rested = new Set<Configuration>();
  /** The next event may come here. */
  const rest = (snapshot: AnyMachineSnapshot): void => {
    const configuration = note(snapshot);
    if (snapshot.status !== "active" || rested.has(configuration)) return;
    rested.add(configuration);
    agenda.push(snapshot);
  };
  const follow = (from: Configuration | undefined, steps: readonly AnyMachineSnapshot[]): void => {
    let before = from;
    for (const step of steps) {
      const after = note(step);
      before?.next.add(after);
      before = after;
      if (!isLeftAtOnce(step)) rest(step);
    }
  };
  let hangs = false;
  const run = (from: Configuration | undefined, steps: () => readonly (readonly [AnyMachineSnapshot, ...unknown[]])[]): void => {
    for (const allowed of answers(random)) {
      random.oracle.allowed = allowed;
      const taken = unlessEndless(steps);
      hangs ||= taken === undefined;
      follow(from, taken?.map(([snapshot]) => snapshot) ?? []);
    }
  };
  run(undefined, () => getInitialMicrosteps(random.machine));
  for (let snapshot = agenda.pop(); snapshot; snapshot = agenda.pop()) {
    if (known.size > most) return undefined;
    const at = snapshot;
    for (const type of ["A", "B", "C", "OTHER"]) run(note(at), () => getMicrosteps(random.machine, at, { type }));
  }
  return { configurations: markFinishing([...known.values()]), hangs };
}

/** Without asking anybody, some active state goes to one that is not active. */
function isLeftAtOnce({ _nodes: active }: AnyMachineSnapshot): boolean {
  return (active as readonly AnyStateNode[]).some(({ always }) =>
    always?.some(({ guard, target }) => guard === undefined && target?.some((node) => !active.includes(node)) === true),
  );
}

function answers(random: RandomMachine): readonly number[] {
  return Array.from({ length: 1 << random.guards }, (_, allowed) => allowed);
}

/** What the steps come to; undefined when XState gave up on them. */
function unlessEndless<T>(steps: () => T): T | undefined {
  try {
    return steps();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("Infinite loop")) return undefined;
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
