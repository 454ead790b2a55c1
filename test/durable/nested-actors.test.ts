/** What is below a durable machine and is no machine: transition actors, callbacks, observables. */
import { reply } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { assign, fromCallback, fromObservable, fromTransition, sendTo, setup, type AnyStateMachine } from "xstate";
import { again, ends, heardBy } from "./nested-world.ts";
import { World } from "./world.ts";

describe("other children", () => {
  test("a transition actor keeps its state, a callback and an observable begin again", async () => {
    const began: string[] = [];
    const told: unknown[] = [];
    const counter = fromTransition((state: { n: number }, event: { type: string }) => ({ n: state.n + (event.type === "ADD" ? 1 : 0) }), {
      n: 0,
    });
    const ear = fromCallback<{ type: string }, string>(({ input, receive }) => {
      began.push(input);
      receive((event) => void told.push(event.type));
    });
    const source = fromObservable<number, undefined>(() => {
      began.push("observable");
      return {
        subscribe: (observer: { next?: (value: number) => void }) => (observer.next?.(began.length), { unsubscribe: () => {} }),
      } as never;
    });
    const logic = setup({ actors: { counter, ear, source } }).createMachine({
      id: "m",
      initial: "up",
      context: { seen: [] as unknown[] },
      on: {
        ...ends,
        GET: { actions: reply(({ context }) => context.seen) },
        ADD: { actions: [sendTo("counter", { type: "ADD" }), sendTo("ear", { type: "ADD" })] },
      },
      states: {
        up: {
          invoke: [
            {
              id: "counter",
              src: "counter",
              onSnapshot: {
                actions: assign({ seen: ({ context, event }) => [...context.seen, (event.snapshot.context as { n: number }).n] }),
              },
            },
            { id: "ear", src: "ear", input: "callback" },
            { id: "source", src: "source" },
          ],
        },
        over: { type: "final" },
      },
    }) as unknown as AnyStateMachine;
    const world = new World();
    await world.start({ id: "m", logic });
    await world.tell("/m", { type: "ADD" });
    await world.tell("/m", { type: "ADD" });
    expect(await heardBy(world)).toEqual([0, 1, 2]);
    expect(told).toEqual(["ADD", "ADD"]);
    await again(world, logic);
    expect(began).toEqual(["callback", "observable", "callback", "observable"]);
    // A child that its machine watches shows itself once more.
    expect(await heardBy(world)).toEqual([0, 1, 2, 2]);
    await world.tell("/m", { type: "ADD" });
    expect(await heardBy(world)).toEqual([0, 1, 2, 2, 3]);
    expect(told).toEqual(["ADD", "ADD", "ADD"]);
  });
});
