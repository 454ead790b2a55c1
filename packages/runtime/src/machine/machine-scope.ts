import type { AnyActorRef, AnyActorScope, AnyMachineSnapshot } from "xstate";
import { checkAction } from "./action-check.ts";
import { childOf, isInner, stopNewestFirst, type ChildActor, type ExecutableAction } from "./child-actor.ts";
import { noteOrigin } from "./child-origin.ts";
import type { Effect, MachineEffect } from "../actor/effect.ts";
import type { MachineHost } from "./machine-host.ts";
import type { Later } from "./stepper.ts";
import type { MachineSelf } from "./machine-self.ts";

/**
 * XState's `ActorScope`, shared by all machines: whose turn it is changes, the object does not. That is safe because a
 * turn is computed, and an effect carried out, without giving way to anybody else; and it keeps an idle machine small.
 */
class MachineScope {
  #host: MachineHost | undefined;
  /** Where the second halves of built-in actions go while effects are carried out. */
  #late: Effect[] | undefined;
  /** Children that the step stops. */
  #stops = 0;

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

  get logger(): (...args: readonly unknown[]) => void {
    return this.#host!._logger;
  }

  /** XState calls this for the second half of a built-in action, and while computing only for the start of a spawned child. */
  readonly defer = (run: () => void): void => {
    if (this.#late !== undefined)
      return void this.#late.push({ kind: "machine", type: "xstate.deferred", params: undefined, late: true, run });
    const host = this.#host!;
    const actorRef = host.made!;
    const { id, systemId, src, options } = actorRef;
    noteOrigin(actorRef, host.life);
    host.life.turn.collect({
      kind: "machine",
      type: "xstate.spawnChild",
      params: { id, systemId, src, input: options.input, actorRef },
      late: true,
      run,
    });
  };

  readonly emit = (event: { readonly type: string }): void => {
    if (this.#late === undefined) this.#host!.life.turn.collect({ kind: "emit", event });
    else this.#late.push({ kind: "emit", event });
  };

  readonly stopChild = (child: AnyActorRef): void => childOf(child)._stop();

  /** Collects an action instead of running it. XState replaces this for the time of a microstep and puts it back. */
  actionExecutor = (action: ExecutableAction): void => {
    checkAction(action);
    const { life } = this.#host!;
    const { type, params, info, exec } = action;
    if (type === "xstate.spawnChild") noteOrigin((params as { actorRef: ChildActor }).actorRef, life);
    else if (type === "xstate.stopChild") this.#stops++;
    life.turn.collect({ kind: "machine", type, params, late: false, run: () => exec!(info, params) });
  };

  /** What a machine sends while it computes is sent with the other effects. */
  readonly #later: Later = (params, send) => {
    this.#host!.life.turn.collect({ kind: "machine", type: "xstate.sendTo", params, late: true, run: send });
  };

  /** Computes a step of `host`; its effects are collected in the turn. */
  compute(host: MachineHost, step: () => AnyMachineSnapshot): AnyMachineSnapshot {
    const before = this.#host;
    const lateBefore = this.#late;
    this.#host = host;
    this.#late = undefined;
    this.#stops = 0;
    host.beginTurn();
    try {
      const next = host.computeStep({ owner: host.self, later: this.#later }, step);
      if (this.#stops > 1) stopNewestFirst(host.life.turn.effects as (Effect & { readonly type?: string; readonly params?: unknown })[]);
      return next;
    } finally {
      this.#host = before;
      this.#late = lateBefore;
    }
  }

  /** Durable machines: what concerns its children and its timers happens to them within the turn (H4), in the order of effects. */
  settle(host: MachineHost): void {
    const { effects } = host.life.turn;
    const late: Effect[] = [];
    for (const [at, effect] of effects.entries()) {
      if (effect.kind !== "machine" || !(effect.late || isInner(effect.type))) continue;
      // It stays in the record under its key.
      effects[at] = { ...effect, run: nothing };
      if (effect.late) late.push(effect);
      else this.perform(host, effect, late);
    }
    if (late.length === 0) return;
    host.isTouched = true;
    host.settle(() => {
      for (const effect of late) if (effect.kind === "machine") this.perform(host, effect, late);
    });
  }

  /** Carries out an effect of `host`; what it defers is added to `late`. */
  perform(host: MachineHost, effect: MachineEffect, late: Effect[]): unknown {
    const before = this.#host;
    const lateBefore = this.#late;
    this.#host = host;
    this.#late = late;
    try {
      return effect.run();
    } finally {
      this.#host = before;
      this.#late = lateBefore;
    }
  }
}

function nothing(): void {
  // It has happened already.
}

/** The one scope; see the class. */
export const machineScope = new MachineScope();

/** The scope as XState wants it. */
export const xstateScope = machineScope as unknown as AnyActorScope;
