import type { ChildSpec } from "@orgtree/core";
import type { Logic } from "../logic.ts";
import { TestWorld } from "../machine/machine.fixture.ts";
import { Commits } from "./commits.fixture.ts";
import { plain, type PlainLogic } from "./plain.ts";
import type { Signal } from "./signal.ts";
import type { Turn } from "./turn.ts";

/** What a puppet does in the turn that takes it: the message itself. */
export type Order = (turn: Turn) => void;

/** An actor that carries out the functions it is sent, and remembers everything else. */
export interface Puppet {
  readonly logic: PlainLogic<number>;
  /** Messages that were no orders, in the order of their turns. */
  readonly got: unknown[];
  /** Signals, in the order of their turns. */
  readonly heard: Signal[];
}

/** Makes a puppet, with a start, an ear or an end of its own. Its state counts its turns. */
export function makePuppet(parts: Partial<Pick<PlainLogic<number>, "init" | "signal" | "terminate">> = {}): Puppet {
  const got: unknown[] = [];
  const heard: Signal[] = [];
  const logic = plain<number, unknown>({
    init: () => 0,
    receive(turns, message, turn) {
      if (typeof message === "function") (message as Order)(turn);
      else got.push(message);
      return turns + 1;
    },
    signal(turns, signal) {
      heard.push(signal);
      return turns + 1;
    },
    ...parts,
  });
  return { logic, got, heard };
}

/** A puppet without an ear: signals pass it by. */
export function makeDeafPuppet(): Puppet {
  const { logic, got, heard } = makePuppet();
  return { logic: plain({ init: () => 0, receive: (...args) => logic.receive(...args) }), got, heard };
}

/** An order that fails the turn. */
export const die: Order = () => {
  throw new Error("it dies");
};

/** A child that is started again when it fails. */
export const restarted: Partial<ChildSpec<Logic>> = { restart: "permanent" };

/** A system whose commits the test decides; those that it leaves undecided are accepted at its end. */
export class HeldWorld extends TestWorld {
  readonly commits: Commits;

  constructor(commits: Commits) {
    super({ store: commits });
    this.commits = commits;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.commits.release();
    await super[Symbol.asyncDispose]();
  }
}

/** Starts a system whose commits the test decides. */
export function startHeldWorld(): HeldWorld {
  return new HeldWorld(new Commits());
}

/** Stops `/m`, and looks whether that is over. */
export function stop(world: TestWorld): { readonly over: boolean; readonly promise: Promise<void> } {
  const stopping = { over: false, promise: world.system.stop("/m").then(() => void (stopping.over = true)) };
  return stopping;
}
