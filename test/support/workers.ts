import { FailureError, type Exit, type FailureClass } from "@orgtree/core";
import { ignore, plain, type PlainLogic, type Turn, type VirtualClock } from "@orgtree/runtime";
import { assign, setup } from "xstate";

/** What a worker of the tests does on request. Anything else it just counts. */
export type Order =
  | { readonly do: "die" }
  | { readonly do: "fail"; readonly class: FailureClass; readonly kind?: string }
  | { readonly do: "exit"; readonly exit: Exit }
  /** Answers with `Seen`. */
  | { readonly do: "report" }
  | { readonly do: "count"; readonly what: unknown };

/** What a worker has gone through in this life. */
export interface Seen {
  readonly incarnation: number;
  readonly counted: readonly unknown[];
}

/** Throws, as a mistake in a program does. */
export const die: Order = { do: "die" };
/** Asks for `Seen`. */
export const report: Order = { do: "report" };

/** Ends with this exit. */
export function exit(kind: "normal" | "shutdown" | "killed", info?: unknown): Order {
  return { do: "exit", exit: kind === "shutdown" && info !== undefined ? { kind, info } : { kind } };
}

/** Fails with this class. */
export function fail(failureClass: FailureClass, kind?: string): Order {
  return kind === undefined ? { do: "fail", class: failureClass } : { do: "fail", class: failureClass, kind };
}

/** Is counted, and shows up in `Seen`. */
export function count(what: unknown): Order {
  return { do: "count", what };
}

type Counted = readonly unknown[];
type Worker = PlainLogic<Counted, Order>;

function receive(counted: Counted, order: Order, turn: Turn): Counted {
  switch (order.do) {
    case "die":
      throw new Error(`${turn.address} dies`);
    case "fail":
      throw new FailureError({ class: order.class, kind: order.kind, message: `${turn.address} fails` });
    case "exit":
      turn.exit(order.exit);
      return counted;
    case "report":
      turn.reply({ incarnation: turn.incarnation, counted } satisfies Seen);
      return counted;
    case "count":
      return [...counted, order.what];
    default:
      return order satisfies never;
  }
}

/** A worker with a start or an end of its own. */
export function workerWith(parts: Partial<Pick<Worker, "init" | "terminate" | "signal">>): Worker {
  return plain<Counted, Order>({ init: () => [], receive, ...parts });
}

/** W: does what it is told and ends when it is stopped. */
export const worker: Worker = workerWith({});

/** W-once: starts `times` times, and fails to ever after. */
export function workerOnce(times = 1): Worker {
  let starts = 0;
  return workerWith({
    init: (_input, turn) => {
      if (++starts > times) throw new Error(`${turn.address} does not start`);
      return [];
    },
  });
}

/** Starts as the script says, the last word for ever. */
export function scriptedWorker(...script: readonly ("ok" | "fail" | "ignore")[]): Worker {
  let starts = 0;
  return workerWith({
    init: (_input, turn) => {
      const word = script[Math.min(starts++, script.length - 1)];
      if (word === "fail") throw new Error(`${turn.address} does not start`);
      return word === "ignore" ? ignore : [];
    },
  });
}

/** Does not want to run. */
export const ignoringWorker: Worker = workerWith({ init: () => ignore });

/** Gives this back to whoever starts it. */
export function informingWorker(info: unknown): Worker {
  return workerWith({
    init: (_input, turn) => {
      turn.info(info);
      return [];
    },
  });
}

/** Has a name of its own while it lives. */
export function namedWorker(name: string): Worker {
  return workerWith({
    init: (_input, turn) => {
      turn.register(name);
      return [];
    },
  });
}

/** W-slow: its clean-up takes this long. */
export function slowWorker(clock: VirtualClock, stopMs: number): Worker {
  return workerWith({ terminate: () => pass(clock, stopMs) });
}

/** Its start takes this long, and fails then when `fails`. */
export function lateWorker(clock: VirtualClock, startMs: number, fails = false): Worker {
  return workerWith({
    init: async (_input, turn) => {
      await pass(clock, startMs);
      if (fails) throw new Error(`${turn.address} does not start`);
      return [];
    },
  });
}

/** Its start never comes to an end. */
export const hangingWorker: Worker = workerWith({ init: () => Promise.withResolvers<Counted>().promise });

/** W-naughty: its clean-up never comes to an end. */
export const naughtyWorker: Worker = workerWith({ terminate: () => Promise.withResolvers<void>().promise });

/** W-exit: answers an ordered stop with an exit of its own. */
export function stoppingWith(own: Exit): Worker {
  return workerWith({ terminate: () => own });
}

/** The same worker as a machine: it dies, fails, ends normally, and counts. */
export const machineWorker = setup({
  types: { events: {} as { type: "die" } | { type: "end" } | { type: "fail" } | { type: "count" }, context: {} as { counted: number } },
}).createMachine({
  id: "worker",
  context: { counted: 0 },
  initial: "working",
  states: {
    working: {
      on: {
        die: {
          actions: () => {
            throw new Error("the machine dies");
          },
        },
        end: "done",
        fail: "failed",
        count: { actions: assign({ counted: ({ context }) => context.counted + 1 }) },
      },
    },
    done: { type: "final" },
    failed: { type: "final", meta: { exit: "failure", class: "tool-error" } },
  },
});

function pass(clock: VirtualClock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve);
  });
}
