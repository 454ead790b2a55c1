import {
  describeFailure,
  toFailure,
  type Address,
  type ChildSpec,
  type Exit,
  type Failure,
  type SystemEvent,
  type SystemEventOf,
} from "@orgtree/core";
import { expect } from "vitest";
import { createMachine, type AnyStateMachine } from "xstate";
import { createStoringSystem, type TestStore } from "../actor/commits.fixture.ts";
import { createActorSystem, type ActorSystem } from "../actor-system.ts";
import type { SystemOptions } from "../system-options.ts";
import type { Logic } from "../logic.ts";
import type { TreeNode } from "../tree-view.ts";
import { VirtualClock } from "../time/virtual-clock.ts";

/** A line that the system logged. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly facts: Record<string, unknown>;
  readonly message: string;
}

/** As a system is made; `store` in place of a journal. */
export interface WorldOptions extends SystemOptions {
  readonly store?: TestStore;
}

/**
 * A system on virtual time that remembers all that happened, for tests of machines.
 *
 * When a test lets go of it, it must close in order with nothing left open, and nothing may have escaped to the process.
 */
export class TestWorld implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly events: SystemEvent[] = [];
  readonly log: LogLine[] = [];
  readonly system: ActorSystem;
  readonly #escaped: unknown[] = [];
  readonly #onEscape = (error: unknown): void => void this.#escaped.push(error);

  constructor({ store, ...options }: WorldOptions) {
    process.on("uncaughtException", this.#onEscape);
    process.on("unhandledRejection", this.#onEscape);
    const note = (level: LogLine["level"]) => (facts: object, message: string) => {
      this.log.push({ level, facts: facts as Record<string, unknown>, message });
    };
    const logger = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
    const all = { clock: this.clock, logger, ...options };
    this.system = store === undefined ? createActorSystem(all) : createStoringSystem(all, store);
    this.system.observe((event) => void this.events.push(event));
  }

  /** Starts an actor, `/m` unless the spec says otherwise; one that fails is not started again. */
  async start(logic: Logic, spec: Partial<ChildSpec<Logic>> = {}): Promise<Address> {
    const [started] = await Promise.all([this.system.start({ id: "m", restart: "temporary", logic, ...spec }), this.clock.settle()]);
    return started;
  }

  /** Tells, and lets everything happen that needs no time. */
  async tell(message: unknown, to: Address = "/m"): Promise<void> {
    this.system.tell(to, message);
    await this.clock.settle();
  }

  of<T extends SystemEvent["type"]>(type: T): readonly SystemEventOf<T>[] {
    return this.events.filter((event): event is SystemEventOf<T> => event.type === type);
  }

  /** How the incarnations at an address ended. */
  exits(address: Address = "/m"): readonly Exit[] {
    return this.of("actor-exited")
      .filter((event) => event.address === address)
      .map(({ exit }) => exit);
  }

  /** What the incarnations at an address failed with. */
  failures(address: Address = "/m"): readonly Failure[] {
    return this.of("actor-failed")
      .filter((event) => event.address === address)
      .map(({ failure }) => failure);
  }

  /** `reason: type` of each lost message. */
  letters(): readonly string[] {
    return this.of("dead-letter").map(
      ({ letter }) => `${letter.reason}: ${String((letter.envelope.message as { type?: unknown } | undefined)?.type)}`,
    );
  }

  node(address: Address = "/m"): TreeNode | undefined {
    return this.system.tree().children.find((child) => child.address === address);
  }

  /** The state that a machine at the top of the tree is in; undefined when it is gone. */
  state(address: Address = "/m"): string | undefined {
    return this.node(address)?.label;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.clock.settle();
      await this.system.close();
      await this.clock.settle();
      expect(this.#escaped.map((error) => describeFailure(toFailure(error)))).toEqual([]);
      expect(this.system.open).toEqual({ actors: 0, timers: 0, asks: 0 });
    } finally {
      process.off("uncaughtException", this.#onEscape);
      process.off("unhandledRejection", this.#onEscape);
    }
  }
}

/** The smallest whole system; `await using` it. */
export function startWorld(options: WorldOptions = {}): TestWorld {
  return new TestWorld(options);
}

type Config = Parameters<typeof createMachine>[0];

/** A machine of these states, the first of them initial, that can end as every machine must: END leads to `end`. */
export function machineOf(states: NonNullable<Config["states"]>, more: Omit<Config, "states"> = {}): AnyStateMachine {
  const { on, ...rest } = more;
  const initial = Object.keys(states)[0]!;
  return createMachine({ initial, ...rest, on: { END: ".end", ...on }, states: { ...states, end: { type: "final" } } } as Config);
}
