import type { Evidence, ReplyTo, Verdict } from "@orgtree/core";
import { currentAsk, fromWork, reply } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import type { Checker } from "./checker.ts";
import type { VerifyRequest } from "./hold-point.ts";
import type { Part } from "./part.ts";
import type { AgentWorld } from "./world.ts";

/** A verifier, which needs something to execute the checks with. */
export function verifierPart({ address }: AgentWorld, checker: Checker): Part {
  const logic = verifierMachine.provide({ actors: { runChecks: runChecks(checker) } });
  return { logic, input: { address } satisfies VerifierInput };
}

type VerifierInput = Pick<AgentWorld, "address">;

interface VerifierContext extends Pick<Verdict, "by"> {
  readonly asker: ReplyTo | undefined;
  readonly artefact: string;
  readonly evidence: readonly Evidence[];
}

const nothingAsked = { asker: undefined, artefact: "", evidence: [] };

/** Executes all checks, one after the other: they may need the same things. */
function runChecks(checker: Checker) {
  return fromWork<void, readonly Evidence[]>({
    kind: "idempotent",
    run: async (_input, { signal, key }) => {
      const evidence: Evidence[] = [];
      for (const [at, { id }] of checker.criteria.entries()) evidence.push(await checker.run(id, { signal, key: `${key}/${at}` }));
      return evidence;
    },
  });
}

const parts = setup({
  types: {} as { context: VerifierContext; events: VerifyRequest | { type: "dismiss" }; input: VerifierInput },
  // Of each verifier its own: `verifierPart` provides them.
  actors: { runChecks: {} as ReturnType<typeof runChecks> },
});

/**
 * The machine of a verifier: asked about a piece of work, it executes every check of the contract itself, without looking
 * at what the author says, and answers with a verdict that carries the evidence. It needs no model and cannot be talked
 * round.
 *
 * Ends: `dismissed` (normal). A check that cannot be executed fails it with the check's own class.
 */
const verifierMachine = parts.createMachine({
  id: "verifier",
  context: ({ input }) => ({ ...nothingAsked, by: input.address }),
  initial: "idle",
  on: { dismiss: ".dismissed" },
  states: {
    idle: {
      on: {
        verify: { target: "checking", actions: assign(({ event, self }) => ({ asker: currentAsk(self), artefact: event.artefact })) },
      },
    },
    checking: {
      meta: { postpone: ["verify"] },
      invoke: {
        src: "runChecks",
        onDone: {
          target: "idle",
          actions: [
            assign({ evidence: ({ event }) => event.output }),
            reply(
              ({ context }) => judge(context),
              ({ context }) => context.asker,
            ),
            assign(nothingAsked),
          ],
        },
      },
    },
    dismissed: { type: "final" },
  },
});

function judge({ by, artefact, evidence }: VerifierContext): Verdict {
  const failed = evidence.filter(({ passed }) => !passed);
  const reason =
    failed.length === 0 ? "every check passed" : failed.map(({ criterion, observed }) => `${criterion} failed: ${observed}`).join("\n");
  return { accepted: failed.length === 0, by, artefact, evidence, reason };
}
