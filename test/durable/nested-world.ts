/** What tests of machines in machines share: the machine is `m`, in a world that crashes. */
import { setup, type AnyStateMachine } from "xstate";
import type { World } from "./world.ts";

/** The state that the machine is in. */
export const label = (world: World): string | undefined => world.system.tree().children[0]?.label;

/** Starts it again after a crash, and gives everything time that needs none. */
export async function again(world: World, logic: AnyStateMachine, afterMs = 0): Promise<void> {
  await world.crash(afterMs);
  await world.start({ id: "m", logic, restart: "temporary" });
  await world.clock.settle();
}

/** How a machine can end, as every machine must. */
export const ends = { END: ".over" } as const;

/** A machine that runs the other one all the time, as `kid`. */
export function parentOf(kid: AnyStateMachine): AnyStateMachine {
  return setup({ actors: { kid } }).createMachine({
    id: "m",
    initial: "up",
    on: ends,
    states: { up: { invoke: { id: "kid", src: "kid" } }, over: { type: "final" } },
  }) as unknown as AnyStateMachine;
}

/** What the machine has to say. */
export function heardBy(world: World): Promise<unknown> {
  return world.ask("/m", { type: "GET" });
}
