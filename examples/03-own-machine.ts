// An XState machine of your own as an actor: it answers questions, sets itself a deadline, ends in a named state, and is
// refused before it starts when it could never end.
// Run it: npm run example examples/03-own-machine.ts
import { createActorSystem, reply } from "orgtree";
import { assign, setup } from "xstate";

interface Door {
  readonly knocks: number;
}

const doorkeeper = setup({ types: {} as { context: Door; events: { type: "knock" } | { type: "close" } } }).createMachine({
  id: "doorkeeper",
  context: { knocks: 0 },
  initial: "open",
  states: {
    open: {
      on: {
        knock: {
          actions: [
            assign({ knocks: ({ context }) => context.knocks + 1 }),
            reply(({ context }) => `come in, you are number ${context.knocks}`),
          ],
        },
        close: "closed",
      },
      after: { 1000: "forgotten" },
    },
    closed: { type: "final" },
    forgotten: { type: "final", meta: { exit: "failure", class: "timeout", message: "nobody closed the door" } },
  },
  output: ({ context }) => context.knocks,
});

await using system = createActorSystem();
const door = await system.start({ id: "door", logic: doorkeeper, restart: "temporary" });
console.log(await system.ask(door, { type: "knock" }));
console.log(await system.ask(door, { type: "knock" }));

const ended = system.watch(door);
system.tell(door, { type: "close" });
console.log(await ended);

const endless = setup({}).createMachine({ id: "endless", initial: "turning", states: { turning: { on: { turn: "turning" } } } });
await system.start({ id: "endless", logic: endless }).catch((error: Error) => console.log(error.message));
