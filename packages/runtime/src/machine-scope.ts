import type { AnyActorRef, AnyActorScope } from "xstate";
import { atomicChild } from "./atomic-child.ts";
import type { Effect } from "./effect.ts";
import type { MachineHost, MachineSelf } from "./machine-host.ts";

type ExecutableAction = Parameters<AnyActorScope["actionExecutor"]>[0];

/**
 * XState's `ActorScope`, shared by all machines: whose turn it is changes, the object does not. That is safe because a
 * turn is computed, and an effect carried out, without giving way to anybody else; and it keeps an idle machine small.
 */
class MachineScope {
  #host: MachineHost | undefined;
  /** Where the second halves of built-in actions go while effects are carried out. */
  #late: Effect[] | undefined;

  get self(): MachineSelf {
    return this.#host!.self;
  }

  get id(): string {
    return this.#host!.self.id;
  }

  get sessionId(): string {
    return this.#host!.self.sessionId;
  }

  get system(): MachineHost {
    return this.#host!;
  }

  get logger(): (...args: unknown[]) => void {
    return this.#host!._logger;
  }

  readonly defer = (run: () => void): void => {
    const effect: Effect = { kind: "machine", type: "xstate.deferred", params: undefined, run };
    (this.#late ?? this.#host!.life.effects).push(effect);
  };

  readonly emit = (event: { readonly type: string }): void => {
    (this.#late ?? this.#host!.life.effects).push({ kind: "emit", event });
  };

  readonly stopChild = (child: AnyActorRef): void => {
    (child as unknown as { _stop(): void })._stop();
  };

  /** Collects an action instead of running it. XState replaces this for the time of a microstep and puts it back. */
  actionExecutor = (action: ExecutableAction): void => {
    if (action.type === "xstate.spawnChild") prepareChild(action, this.#host!);
    const { type, params, info, exec } = action;
    this.#host!.life.effects.push({ kind: "machine", type, params, run: () => exec?.(info, params) });
  };

  /** Computes for `host`. */
  compute<T>(host: MachineHost, work: () => T): T {
    const before = this.#host;
    this.#host = host;
    this.#late = undefined;
    host.computing = true;
    host.transitions = [];
    try {
      return work();
    } finally {
      host.computing = false;
      this.#host = before;
    }
  }

  /** Carries out an effect of `host`; what it defers is added to `late`. */
  perform(host: MachineHost, run: () => unknown, late: Effect[]): unknown {
    const before = this.#host;
    const lateBefore = this.#late;
    this.#host = host;
    this.#late = late;
    try {
      return run();
    } finally {
      this.#host = before;
      this.#late = lateBefore;
    }
  }
}

/** A child of the machine is about to be started: it has been made, but does nothing yet. */
function prepareChild(action: ExecutableAction, host: MachineHost): void {
  const { id, actorRef } = action.params as unknown as { id: unknown; actorRef: AnyActorRef | undefined };
  if (id === undefined) throw new Error(`${host.life.cell.address} spawns a child without an id: a second one would overwrite it; give spawnChild an id`);
  if (actorRef !== undefined) atomicChild(actorRef);
}

/** The one scope; see the class. */
export const machineScope = new MachineScope();

/** The scope as XState wants it. */
export const xstateScope = machineScope as unknown as AnyActorScope;
