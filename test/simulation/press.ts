import { fromWork, machine, reply, type MachineLogic, type WorkContext } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import type { Report } from "./clerk.ts";
import type { Does, Order } from "./order.ts";

type Job = Extract<Order, { type: "job" }>;
type Event =
  | Extract<Order, { type: "add" | "job" | "pause" | "leave" }>
  | { readonly type: "get"; readonly id: string }
  | { readonly type: "credit"; readonly id: string; readonly amount: number };

interface Context {
  readonly balance: number;
  readonly log: readonly string[];
  readonly queue: readonly (Job | Extract<Order, { type: "pause" }>)[];
}

/** Does declared work outside; settles when it is done. */
export type DoJob = (job: Job, context: WorkContext) => Promise<string>;

const noted = ({ log }: Context, entry: string): readonly string[] => [...log, entry];

/** A durable machine that does declared work and waits, one order after the other. */
export function makePress(doJob: DoJob): MachineLogic {
  const workOf = (kind: Does) => fromWork<Job, string>({ kind, run: doJob });
  const busy = (src: Does) =>
    ({
      invoke: {
        src,
        input: ({ context }: { context: Context }) => context.queue[0] as Job,
        onDone: { target: "idle", actions: [{ type: "finish", params: { how: "done" } }] },
        onError: { target: "idle", actions: [{ type: "finish", params: { how: "failed" } }] },
      },
    }) as const;
  const logic = setup({
    types: { context: {} as Context, events: {} as Event },
    actors: { pure: workOf("pure"), idempotent: workOf("idempotent"), irreversible: workOf("irreversible") },
    delays: { pause: ({ context }) => (context.queue[0] as { delayMs: number }).delayMs },
    actions: {
      finish: assign(({ context }, { how }: { how: string }) => ({
        queue: context.queue.slice(1),
        log: noted(context, `${how} ${context.queue[0]!.id}`),
      })),
      enqueue: assign(({ context, event }) => {
        const order = event as Job;
        const done = `${order.type} ${order.id}`;
        if (context.log.includes(done)) return {};
        return { queue: [...context.queue, order], log: noted(context, done) };
      }),
      answer: reply<Context, Event>(({ event }) => ({ id: event.id })),
    },
    guards: {
      next: ({ context }, { does }: { does: Does | "pause" }) => {
        const first = context.queue[0];
        return (first?.type === "job" ? first.does : first?.type) === does;
      },
    },
  }).createMachine({
    id: "press",
    context: { balance: 0, log: [], queue: [] },
    initial: "idle",
    on: {
      add: {
        actions: [
          assign(({ context, event }) => {
            const done = `add ${event.id}`;
            return context.log.includes(done) ? {} : { log: noted(context, done) };
          }),
          "answer",
        ],
      },
      credit: {
        actions: assign(({ context, event }) => ({
          balance: context.balance + event.amount,
          log: noted(context, `credit ${event.id}`),
        })),
      },
      leave: ".over",
      job: { actions: ["enqueue", "answer"] },
      pause: { actions: ["enqueue", "answer"] },
      get: { actions: reply(({ context }): Report => ({ kind: "press", born: 0, balance: context.balance, log: context.log })) },
    },
    states: {
      idle: {
        always: [
          ...(["pure", "idempotent", "irreversible"] as const).map((does) => ({
            guard: { type: "next" as const, params: { does } },
            target: does,
          })),
          { guard: { type: "next" as const, params: { does: "pause" as const } }, target: "pausing" as const },
        ],
      },
      pure: busy("pure"),
      idempotent: busy("idempotent"),
      irreversible: busy("irreversible"),
      over: { type: "final" },
      pausing: { after: { pause: { target: "idle", actions: [{ type: "finish", params: { how: "paused" } }] } } },
    },
  });
  return machine(logic, { hasDeadline: true });
}
