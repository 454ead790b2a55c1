// Work that cannot pass without evidence. The writer hands in a line that is too long and says nothing of it; the verifier
// counts the words itself, the hold point stays shut, and the writer gets the evidence and does better.
// Run it: npm run example examples/05-hold-point.ts
import { agent, callTool, defineTool, organization, planner, run, scriptedModel, verifier } from "orgtree";
import { z } from "zod";

interface Desk {
  line: string;
}

const words = (text: string): number => text.split(/\s+/).length;

const desk = organization<Desk>({
  name: "desk",
  risk: "low",
  agents: {
    planner: planner({ purpose: "Plan the line." }),
    writer: agent({ purpose: "Write the line.", tools: ["write_line"] }),
    counter: verifier({ purpose: "Count the words." }),
  },
  contract: {
    fingerprint: async ({ line }) => line,
    // The fingerprint is the line itself, so the check looks at that and not at the desk, where it may change meanwhile.
    criteria: () => [
      {
        id: "short",
        statement: "the line has at most five words",
        check: { run: async ({ artefact }) => ({ passed: words(artefact) <= 5, observed: `${words(artefact)} words` }) },
      },
    ],
  },
  tools: (environment) => [
    defineTool({
      name: "write_line",
      description: "Replaces the line.",
      kind: "idempotent",
      inputSchema: z.object({ text: z.string() }),
      execute: async ({ text }) => void (environment.line = text),
    }),
  ],
});

const handIn = callTool("deliver", { summary: "The line is written.", passed: [], unproven: ["short"] });
const model = scriptedModel({
  planner: [callTool("deliver", { steps: [{ goal: "Write about the sea.", doneWhen: "there is a line" }] })],
  writer: [
    callTool("write_line", { text: "The sea is very wide and very old." }),
    handIn,
    callTool("write_line", { text: "The sea is old." }),
    handIn,
  ],
});

const environment: Desk = { line: "" };
const result = await run(desk, "One line about the sea.", { model, environment });
for (const { accepted, reason } of result.report.verdicts) console.log(accepted ? "accepted" : "held back", "-", reason);
console.log(result.status, "-", environment.line);
