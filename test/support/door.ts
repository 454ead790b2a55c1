import { assign, setup } from "xstate";

const types = { context: {} as { knocks: number }, events: {} as { type: "KNOCK" } | { type: "LOCK" } };

/** A door behind which somebody hears a knock, for so long; one that is locked has ended. */
export function makeDoor(heardMs: number) {
  return setup({ types }).createMachine({
    id: "door",
    initial: "shut",
    context: { knocks: 0 },
    on: { LOCK: ".locked" },
    states: {
      shut: { on: { KNOCK: { target: "heard", actions: assign({ knocks: ({ context }) => context.knocks + 1 }) } } },
      heard: { after: { [heardMs]: "shut" } },
      locked: { type: "final" },
    },
  });
}
