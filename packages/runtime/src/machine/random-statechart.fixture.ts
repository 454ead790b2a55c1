import {
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  log,
  raise,
  sendParent,
  setup,
  type AnyActorRef,
  type AnyStateMachine,
} from "xstate";

/** What a random machine needs of the side it runs on, so that two sides can be compared. */
export interface Side {
  /** A custom action was run. */
  note(what: string): void;
  /** Resolves after so many milliseconds of the side's own clock, or never. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** The context of a random machine: all of it but the reference is compared. */
export interface Context {
  readonly n: number;
  readonly log: readonly string[];
  readonly kids: number;
  readonly kid: AnyActorRef | undefined;
}

interface Node {
  readonly id: string;
  readonly kind: "atomic" | "compound" | "parallel" | "final" | "history";
  readonly children: readonly Node[];
}

type Args = { readonly context: Context; readonly event: { readonly type: string } };
type Json = Record<string, unknown>;

/** What is sent from outside. */
export const outsideEvents = ["A", "B", "C"] as const;
const events = [...outsideEvents, "PONG", "TICK", "R"] as const;

/** Children that a machine spawns, and answers of each: nothing may go round for ever in no time. */
const mostKids = 3;
const mostPings = 3;

/**
 * Makes a machine of a list of numbers: the same numbers give the same machine. It begins with GO and can always end, by END.
 *
 * What happens at the same moment may happen in another order elsewhere, so nothing does: no two delays are alike, nor do some add up
 * to others. And nothing happens in the initial step, in which XState keeps to another order than in all others: it starts children
 * first, also those that the same step has stopped again.
 */
export function randomStatechart(numbers: readonly number[], side: Side): AnyStateMachine {
  return new Builder(numbers, side).build();
}

class Builder {
  readonly #numbers: readonly number[];
  readonly #side: Side;
  readonly #targets: string[] = [];
  /** History states and the states whose history they are. */
  readonly #historyOf = new Map<string, string>();
  /** The states around the one that is written down. */
  readonly #around: string[] = [];
  #at = 0;
  #lastId = 0;
  #lastDelay = 0;

  constructor(numbers: readonly number[], side: Side) {
    this.#numbers = numbers;
    this.#side = side;
  }

  build(): AnyStateMachine {
    const children = [this.#node(2), this.#node(2), this.#node(1)];
    const parts = setup({
      types: {} as { context: Context },
      actors: {
        kid: kidMachine(this.#side),
        work: fromPromise<number, { ms: number; fails: boolean }>(({ input, signal }) => this.#work(input, signal)),
      },
    });
    const config: unknown = {
      context: { n: this.#pick(10), log: [], kids: 0, kid: undefined },
      output: ({ context }: { context: Context }) => context.n,
      options: { maxIterations: 60 },
      initial: "begin",
      on: { ...this.#transitions(), END: ".end" },
      states: {
        begin: { on: { GO: children[0]!.id } },
        ...Object.fromEntries(children.map((child) => [child.id, this.#config(child)])),
        end: { type: "final" },
      },
    };
    return parts.createMachine(config as never) as unknown as AnyStateMachine;
  }

  async #work({ ms, fails }: { ms: number; fails: boolean }, signal: AbortSignal): Promise<number> {
    this.#side.note(`work of ${ms}`);
    await this.#side.wait(ms, signal);
    if (fails) throw new Error(`work of ${ms} failed`);
    return ms;
  }

  /** A number below `limit`. */
  #pick(limit: number): number {
    return this.#numbers[this.#at++ % this.#numbers.length]! % limit;
  }

  /** From 1 to 4 milliseconds, and a fraction of its own that a number in a clock can hold exactly. */
  #delay(): number {
    return 1 + this.#pick(4) + scatter(++this.#lastDelay) / 2 ** 30;
  }

  #chance(ofTen: number): boolean {
    return this.#pick(10) < ofTen;
  }

  #node(depth: number): Node {
    const id = `s${++this.#lastId}`;
    this.#targets.push(id);
    if (depth === 0 || this.#chance(4)) return { id, kind: "atomic", children: [] };
    const children = [this.#node(depth - 1), this.#node(depth - 1)];
    if (this.#chance(3)) return { id, kind: "parallel", children };
    if (this.#chance(5)) children.push(this.#leaf("final"));
    if (this.#chance(4)) {
      const history = this.#leaf("history");
      children.push(history);
      this.#historyOf.set(history.id, id);
    }
    return { id, kind: "compound", children };
  }

  #leaf(kind: "final" | "history"): Node {
    const id = `s${++this.#lastId}`;
    this.#targets.push(id);
    return { id, kind, children: [] };
  }

  #config(node: Node): Json {
    this.#around.push(node.id);
    const config = this.#configWithin(node);
    this.#around.pop();
    return config;
  }

  #configWithin({ id, kind, children }: Node): Json {
    if (kind === "history") return { id, type: "history", history: this.#chance(5) ? "deep" : "shallow" };
    const states = children.length === 0 ? {} : { states: Object.fromEntries(children.map((child) => [child.id, this.#config(child)])) };
    const common = { id, entry: this.#actions(2), exit: this.#actions(1), ...states };
    switch (kind) {
      case "final":
        return { ...common, type: "final" };
      case "parallel":
        return { ...common, ...this.#behaviour(), type: "parallel", ...this.#done() };
      case "compound":
        return { ...common, ...this.#behaviour(), initial: children[0]!.id, ...this.#done() };
      case "atomic":
        return { ...common, ...this.#behaviour() };
      default:
        return kind satisfies never;
    }
  }

  #behaviour(): Json {
    return {
      on: this.#transitions(),
      ...(this.#chance(3) ? { after: { [this.#delay()]: this.#transition(true) } } : {}),
      ...(this.#chance(2) ? { always: { ...this.#transition(true), guard: this.#guard() } } : {}),
      ...(this.#chance(3) ? { invoke: this.#invoke() } : {}),
    };
  }

  #done(): Json {
    return this.#chance(5) ? { onDone: this.#transition(true) } : {};
  }

  #invoke(): Json {
    const ms = this.#delay();
    const fails = this.#chance(3);
    return {
      src: "work",
      input: { ms, fails },
      ...(this.#chance(8) ? { onDone: this.#transition(true) } : {}),
      ...(this.#chance(8) ? { onError: this.#transition(true) } : {}),
    };
  }

  #transitions(): Json {
    const on: Json = {};
    for (const event of events)
      if (this.#chance(4)) on[event] = this.#chance(3) ? [this.#guarded(), this.#transition(false)] : this.#guarded();
    return on;
  }

  #guarded(): Json {
    return this.#chance(4) ? { ...this.#transition(false), guard: this.#guard() } : this.#transition(false);
  }

  #transition(leads: boolean): Json {
    const target = leads || this.#chance(7) ? { target: `#${this.#target()}`, reenter: this.#chance(3) } : {};
    return { ...target, actions: this.#actions(2) };
  }

  /** From within a state XState enters its history without leaving it first, and forgets the children that are replaced. */
  #target(): string {
    const target = this.#targets[this.#pick(this.#targets.length)]!;
    const whole = this.#historyOf.get(target);
    return whole !== undefined && this.#around.includes(whole) ? whole : target;
  }

  #guard(): (args: Args) => boolean {
    const divisor = 2 + this.#pick(3);
    const rest = this.#pick(divisor);
    return ({ context }) => context.n % divisor === rest;
  }

  #actions(most: number): readonly unknown[] {
    return Array.from({ length: this.#pick(most + 1) }, () => this.#action()).flat();
  }

  #action(): unknown {
    const number = this.#pick(1_000);
    const type = events[this.#pick(events.length)]!;
    switch (this.#pick(10)) {
      case 0:
      case 1:
        return step(number);
      case 2:
        return ({ context, event }: Args) => this.#side.note(`${number} ${context.n} ${event.type}`);
      case 3:
        return raise({ type: "R" });
      case 4:
        // XState would keep the older timer of the same id, and could no longer cancel it.
        return [cancel(`t${number % 3}`), raise({ type }, { delay: this.#delay(), id: `t${number % 3}` })];
      case 5:
        return cancel(`t${number % 3}`);
      case 6:
        return [emit({ type: `E${number}` }), log(`L${number}`)];
      case 7:
        return enqueueActions((({ context, enqueue }: { context: Context; enqueue: Enqueue }) => {
          if (context.n % 2 === 0) enqueue(step(number));
          else enqueue.raise({ type: "R" });
        }) as never);
      case 8:
        return enqueueActions((({ context, enqueue }: { context: Context; enqueue: Enqueue }) => {
          if (context.kids === mostKids) return;
          if (context.kid !== undefined) enqueue.stopChild(context.kid);
          enqueue(spawnKid);
        }) as never);
      default:
        return enqueueActions((({ context, enqueue }: { context: Context; enqueue: Enqueue }) => {
          if (context.kid !== undefined) enqueue.sendTo(context.kid, { type: "PING" });
        }) as never);
    }
  }
}

/** A number below 2^30 for another (the end of MurmurHash3). They do not add up to each other, as multiples do. */
function scatter(number: number): number {
  let bits = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 2;
}

interface Enqueue {
  (action: unknown): void;
  raise(event: { type: string }): void;
  stopChild(child: AnyActorRef): void;
  sendTo(child: AnyActorRef, event: { type: string }): void;
}

function step(number: number): unknown {
  return assign<Context, never, never, never, never>((({ context, event }: Args) => ({
    n: (context.n * 7 + number) % 1_009,
    log: [...context.log, `${number} ${event.type}`],
  })) as never);
}

const spawnKid = assign((({ context, spawn }: { context: Context; spawn: (src: string, options: object) => AnyActorRef }) => ({
  kids: context.kids + 1,
  kid: spawn("kid", { id: `kid-${context.kids}` }),
})) as never);

/** A child machine that answers. */
function kidMachine(side: Side): AnyStateMachine {
  return createMachine({
    context: { pings: 0 },
    initial: "idle",
    states: {
      idle: {
        on: {
          PING: {
            guard: ({ context }) => (context["pings"] as number) < mostPings,
            target: "answered",
            actions: [
              assign({ pings: ({ context }) => (context["pings"] as number) + 1 }),
              ({ context }) => side.note(`kid ${String(context["pings"])}`),
              sendParent({ type: "PONG" }),
            ],
          },
        },
      },
      answered: { always: "idle" },
    },
  });
}
