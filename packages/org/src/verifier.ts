import type { Evidence, ReplyTo, Verdict } from "@orgtree/core";
import { currentAsk, fromWork, reply, type Logic } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import type { VerifyRequest } from "./hold-point.ts";
import type { AgentWorld } from "./world.ts";

interface VerifierContext {
  readonly asker: ReplyTo | undefined;
  readonly artefact: string;
  readonly evidence: readonly Evidence[];
}

const fresh: VerifierContext = { asker: undefined, artefact: "", evidence: [] };

/**
 * The machine of a verifier: asked about a piece of work, it executes every check of the contract itself, without looking
 * at what the author says, and answers with a verdict that carries the evidence. It needs no model and cannot be talked
 * round.
 *
 * Ends: `dismissed` (normal). A check that cannot be executed fails it with the check's own class.
 */
export function verifierMachine(world: AgentWorld): Logic {
  const parts = setup({
    types: {} as { context: VerifierContext; events: VerifyRequest | { type: "dismiss" } },
    actors: { runChecks: runChecks(world) },
  });
  return parts.createMachine({
    id: world.name,
    context: fresh,
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
                ({ context }) => judge(world, context),
                ({ context }) => context.asker,
              ),
              assign(fresh),
            ],
          },
        },
      },
      dismissed: { type: "final" },
    },
  });
}

/** Executes all checks, one after the other: they may need the same files. */
function runChecks(world: AgentWorld): ReturnType<typeof fromWork<undefined, readonly Evidence[]>> {
  return fromWork<undefined, readonly Evidence[]>({
    kind: "idempotent",
    run: async (_input, { signal, key }) => {
      const evidence: Evidence[] = [];
      for (const [at, criterion] of (world.checker?.contract.criteria ?? []).entries()) {
        evidence.push(await world.checker!.run(criterion, world.address, { signal, key: `${key}/${at}` }));
      }
      return evidence;
    },
  });
}

function judge(world: AgentWorld, context: VerifierContext): Verdict {
  const { artefact, evidence } = context;
  const failed = evidence.filter(({ passed }) => !passed);
  const reason =
    failed.length === 0 ? "every check passed" : failed.map(({ criterion, observed }) => `${criterion} failed: ${observed}`).join("\n");
  const verdict: Verdict = { accepted: failed.length === 0, by: world.address, artefact, evidence, reason };
  world.record.add({ kind: "verdict", verdict });
  return verdict;
}
