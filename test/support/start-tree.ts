import { childAddress, idOf, rootAddress, type Address, type ChildSpec, type Exit, type Logger, type SupervisorSpec } from "@orgtree/core";
import {
  createActorSystem,
  supervisor,
  VirtualClock,
  type ActorSystem,
  type Logic,
  type SupervisorHandle,
  type SystemOptions,
} from "@orgtree/runtime";
import { expect } from "vitest";
import { Elsewhere, isElsewhere } from "./elsewhere.ts";
import { Trace } from "./trace.ts";
import { report, type Order, type Seen } from "./workers.ts";

/** One line of the log. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly facts: object;
  readonly message: string;
}

/** A system on virtual time that is closed, and searched for leaks, when the test leaves it. */
export class TestSystem implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly system: ActorSystem;
  readonly log: LogLine[] = [];
  /** Where the children of `/sup` live; undefined where that is here. */
  readonly elsewhere: Elsewhere | undefined;

  constructor(options: SystemOptions & { readonly clock?: VirtualClock } = {}, places = false) {
    this.clock = options.clock ?? new VirtualClock();
    const line = (level: LogLine["level"]) => (facts: object, message: string) => void this.log.push({ level, facts, message });
    const logger: Logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
    const all = { random: { next: () => 0 }, freeze: true, logger, ...options, clock: this.clock };
    this.elsewhere = places && isElsewhere ? new Elsewhere(all) : undefined;
    this.system = createActorSystem({ ...all, ...(this.elsewhere && { transport: this.elsewhere.transport }) });
  }

  /** The system in which the children of `/sup` live. */
  get branch(): ActorSystem {
    return this.elsewhere?.system ?? this.system;
  }

  /** Tells, and lets everything happen that needs no time. */
  async tell(to: Address, message: unknown): Promise<void> {
    this.system.tell(to, message);
    await this.clock.settle();
  }

  async #closeElsewhere({ system }: Elsewhere): Promise<void> {
    expect(system.open.actors, "who is left without a supervisor").toBe(1);
    await system.close();
    expect(system.open, "what is left elsewhere").toEqual({ actors: 0, timers: 0, asks: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const state = { isClosed: false };
    const closed = this.system.close().finally(() => (state.isClosed = true));
    // Whoever needs time to stop has it; an hour among systems that look whether the others live would take long.
    for (let steps = 0; !state.isClosed && steps < 60; steps++) await this.clock.advance(60_000);
    await closed;
    if (this.elsewhere !== undefined) await this.#closeElsewhere(this.elsewhere);
    expect(this.system.open, "what is left of a closed system").toEqual({ actors: 0, timers: 0, asks: 0 });
    expect(
      this.log.filter(({ facts }) => "err" in facts),
      "errors of the runtime's own",
    ).toEqual([]);
  }
}

/** The supervisor under test, alone in a system, at `/sup`. */
export class Tree extends TestSystem {
  readonly trace: Trace;
  readonly sup: SupervisorHandle;
  /** How it ended, once it has. */
  exit: Exit | undefined;

  constructor(options: TreeOptions) {
    super(options, true);
    this.trace = new Trace(this.system, "/sup");
    if (this.elsewhere !== undefined) this.trace.hear(this.elsewhere.system);
    const sup = this.system.supervisor("/sup");
    this.sup = this.elsewhere?.learning(sup) ?? sup;
  }

  /** Starts it. It stays in `trace` unless the start worked. */
  async start(spec: SupervisorSpec<Logic>, own: Partial<ChildSpec<Logic>>): Promise<void> {
    this.elsewhere?.learn(spec);
    await this.system.start({ restart: "temporary", ...own, id: "sup", logic: supervisor(spec) });
    void this.system.watch("/sup").then((exit) => (this.exit = exit));
    this.trace.lives();
  }

  /** Gives orders to children, all before any of them is carried out. */
  async order(...orders: readonly (readonly [id: string, order: Order | { readonly type: string }])[]): Promise<void> {
    for (const [id, order] of orders) this.system.tell(this.at(id), order);
    await this.clock.settle();
  }

  /** What the worker `id` has gone through. */
  ask(id: string): Promise<Seen> {
    return this.system.ask(this.at(id), report) as Promise<Seen>;
  }

  /** A handle of a supervisor, from the system in which it lives: code is not sent. */
  supervisor(address: Address): SupervisorHandle {
    return address === "/sup" ? this.sup : this.branch.supervisor(address);
  }

  at(id: string): Address {
    return `/sup/${id}`;
  }

  /** `[specs, active, supervisors, workers]`. */
  async counts(): Promise<readonly number[]> {
    const { specs, active, supervisors, workers } = await this.sup.countChildren();
    return [specs, active, supervisors, workers];
  }

  /** The children as they stand, most recently started first: `b running`. */
  async list(): Promise<readonly string[]> {
    const children = await this.sup.listChildren();
    for (const child of children) {
      const isUp = child.status !== "stopped" && child.status !== "restarting";
      expect(child.address).toBe(isUp ? childAddress("/sup", child.id) : undefined);
    }
    return children.map(({ id, status }) => `${id} ${status}`);
  }

  /** Ends the supervisor from above, however long that takes. */
  async stop(ms = 0): Promise<void> {
    const stopped = this.system.stop("/sup");
    await this.clock.advance(ms);
    await stopped;
  }
}

/** How a tree is started: the system's options, and what the supervisor's own spec says beside its children. */
export interface TreeOptions extends SystemOptions {
  readonly clock?: VirtualClock;
  readonly own?: Partial<ChildSpec<Logic>>;
}

/** Starts the smallest whole system: one supervisor under the root, on virtual time. */
export async function startTree(spec: SupervisorSpec<Logic>, options: TreeOptions = {}): Promise<Tree> {
  const { own, ...rest } = options;
  const tree = new Tree(rest);
  await tree.start(spec, own ?? {});
  return tree;
}

/** The code a refused call rejects with; fails when the call was not refused. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return (error as { code?: string; name: string }).code ?? (error as Error).name;
  }
  return expect.fail("the call was not refused");
}

/** The ids of the root's children. */
export function topIds(system: ActorSystem): readonly string[] {
  return system
    .tree()
    .children.map(({ address }) => idOf(address))
    .filter((id) => id !== rootAddress);
}
