// A failure climbs. The model refuses again and again; the worker's supervisor tries what its ladder says, gives up, and the run
// ends as failed, with the whole chain of causes, while the model is asked no more often than that.
// Run it: npm run example examples/04-escalation.ts
import { agent, describeFailure, failWith, organization, run, scriptedModel } from "orgtree";

const translator = agent({
  purpose: "Translate the text.",
  backoff: { minMs: 1, maxMs: 1 },
  onFailure: {
    "model-error/refusal": [{ directive: "restart", intensity: { maxRestarts: 2, periodMs: 60_000 } }, { directive: "escalate" }],
  },
});
const desk = organization({ name: "desk", agents: { translator } });
const model = scriptedModel([failWith("refusal"), failWith("refusal"), failWith("refusal")]);

const result = await run(desk, "a poem", {
  model,
  onEvent: (event) => {
    if (event.type === "report")
      console.log(`${event.report.supervisor}: ${event.report.context} of ${event.report.child}: ${event.report.decision}`);
  },
});

console.log(result.status);
if (result.status === "failed")
  for (let link: typeof result.failure | undefined = result.failure; link !== undefined; link = link.cause)
    console.log(`- ${describeFailure(link)}`);
console.log(`${model.requests.length} model calls`);
