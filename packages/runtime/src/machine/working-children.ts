import type { AnyActorScope } from "xstate";
import type { ChildActor } from "./child-actor.ts";

/** What a child that is no machine has begun, and how it is told and stopped. */
export interface Working {
  readonly scope: AnyActorScope;
  readonly stop: () => void;
  /** Goes on once it is stored that the work was taken back. */
  again?: () => void;
}

/** Promises, callbacks and the like that have really begun, in the order of their start. */
export class WorkingChildren extends Map<ChildActor, Working> {
  /** Stops what a child has really begun. */
  halt(child: ChildActor): void {
    const working = this.get(child);
    this.delete(child);
    working?.stop();
  }

  /** The newest first. */
  haltAll(): void {
    for (const child of [...this.keys()].reverse()) this.halt(child);
  }
}
