// A plan that cannot work: the bridge is glued, and the third plank never holds. The ladder says what is tried: the builder goes
// back to its last checkpoint, and when that does not help a planner outside makes a new plan from the record of what happened.
// Run it: npm run example examples/06-new-plan.ts
import { createActorSystem, plain, supervisor, type ReplanRequest } from "orgtree";
import { MemoryJournal } from "orgtree/journal";

interface Plan {
  readonly method: "glue" | "nails";
  /** Planks that are there already. */
  readonly planks: number;
}

const builder = plain<Plan, { readonly plank: number } | "look">({
  init: (input) => input as Plan,
  receive(state, message, turn) {
    if (message === "look") return (turn.reply(state), state);
    if (state.method === "glue" && message.plank === 3) throw new Error("the glue does not hold");
    turn.checkpoint(`${message.plank} planks`);
    return { ...state, planks: message.plank };
  },
});

const architect = plain<null, ReplanRequest>({
  init: () => null,
  receive(state, { version, chain, tried, checkpoint }, turn) {
    console.log(
      `plan ${version} is wanted: ${chain.at(-1)!.message}; tried: ${tried.map(({ directive, times }) => `${directive} ${times}×`).join(", ")}`,
    );
    console.log(`last good: ${checkpoint!.name}`);
    turn.reply({ method: "nails", planks: Number.parseInt(checkpoint!.name!, 10) } satisfies Plan);
    return state;
  },
});

const site = supervisor({
  intensity: { maxRestarts: 5, periodMs: 60_000 },
  plan: {
    initial: { method: "glue", planks: 0 } satisfies Plan,
    planner: "/architect",
    children: (plan: Plan) => [
      {
        id: "builder",
        input: plan,
        logic: builder,
        onFailure: { crash: [{ directive: "rollback", intensity: { maxRestarts: 1, periodMs: 60_000 } }, { directive: "replan" }] },
      },
    ],
  },
});

const system = createActorSystem({ journal: new MemoryJournal() });
const newPlan = new Promise<void>((resolve) => {
  system.observe((event) => {
    if (event.type !== "report") return;
    const { supervisor: by, child, decision, context } = event.report;
    console.log(`${by}: ${child}: ${decision}`);
    if (context === "replanned") resolve();
  });
});
await system.start({ id: "architect", logic: architect });
await system.start({ id: "site", logic: site });
for (const plank of [1, 2, 3, 3]) system.tell("/site/builder", { plank });
await newPlan;
system.tell("/site/builder", { plank: 3 });
console.log(await system.ask("/site/builder", "look"));
await system.close();
