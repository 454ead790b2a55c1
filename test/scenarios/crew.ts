import { agent, critic, defineTool, organization, planner, verifier, type CheckOutcome, type Organization } from "orgtree";
import { z } from "zod";

/** What a crew works on. */
export interface Sheet {
  text: string;
}

/** A crew that writes a short text; `outcome` says what its check finds. */
export function crewOf<S extends Sheet>(outcome: (sheet: S) => Promise<CheckOutcome>): Organization<S> {
  return organization<S>({
    name: "crew",
    agents: {
      planner: planner({ purpose: "Plan." }),
      critic: critic({ purpose: "Object." }),
      worker: agent({ purpose: "Write.", tools: ["write", "run_check"] }),
      verifier: verifier({ purpose: "Check." }),
    },
    contract: {
      criteria: (sheet) => [{ id: "short", statement: "at most 5 characters", check: { run: () => outcome(sheet) } }],
      fingerprint: async (sheet) => sheet.text,
    },
    tools: (sheet: Sheet) => [
      defineTool({
        name: "write",
        description: "Writes.",
        kind: "idempotent",
        inputSchema: z.object({ text: z.string() }),
        execute: async ({ text }) => void (sheet.text = text),
      }),
    ],
  });
}

/** What the check finds of a text as it is. */
export async function isShort({ text }: Sheet): Promise<CheckOutcome> {
  return { passed: text.length <= 5, observed: `${text.length} characters` };
}
