import type { ModelResponse, ToolCall } from "@orgtree/core";
import { currentAsk, fromWork, reply } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import { afterAnswer, afterTool, idleState, nextCall, type AgentEnd, type AgentState } from "./agent-turn.ts";
import type { AgentEvent, Assignment, Delivery } from "./assignment.ts";
import { fitConversation, mendConversation, openConversation } from "./conversation.ts";
import type { Deliverable } from "./deliverable.ts";
import type { Part } from "./part.ts";
import { findRepetition } from "./repetition.ts";
import { cutOffResult, readCutOff, type ToolResult } from "./tool-box.ts";
import type { AgentWorld } from "./world.ts";

/** What makes a planner, a worker or a critic of the same machine. */
export interface AgentRole {
  /** How to go about the work; follows the charter's purpose in the model's instructions. */
  readonly instructions: string;
  readonly deliverable: Deliverable;
}

/**
 * An agent that has a model, in this role. What it works with that is no data, its model, its tools, the record, is in the machine's
 * implementations and not in its context, which can be shown and stored without a secret in it.
 */
export function agentPart(world: AgentWorld, role: AgentRole): Part {
  const { deliverable, instructions } = role;
  const rules = { deliverable, record: world.record };
  const logic = agentMachine.provide({
    actors: { askModel: askModel(world, deliverable), runTool: runTool(world) },
    actions: {
      begin: assign(({ self }, assignment) => ({
        ...idleState,
        asker: currentAsk(self),
        messages: openConversation(world, instructions, assignment),
      })),
      hear: assign(({ context }, response) => afterAnswer(context, response, rules)),
      watchRepetition: ({ context }) => watchRepetition(world, context),
      noteCutOff: ({ context }) => world.tools.note((context.results.at(-1) ?? context.done.at(-1))!),
    },
  });
  return { logic };
}

function askModel({ model, tools }: AgentWorld, { tool }: Deliverable) {
  return fromWork<Conversation, ModelResponse>({
    kind: "idempotent",
    run: (messages, context) => {
      const described = tool === undefined ? tools.describe() : [...tools.describe(), tool];
      return model.ask(
        { messages: fitConversation(mendConversation(messages)), ...(described.length === 0 ? {} : { tools: described }) },
        context,
      );
    },
  });
}

type Conversation = AgentState["messages"];

/** Runs one call: each is an effect of its own, so that what has a result is never run again, and its kind is that of its tool. */
function runTool({ tools }: AgentWorld) {
  return fromWork<ToolCall | undefined, ToolResult>({
    kind: (call) => tools.kindOf(call?.name),
    describe: (call) => `the tool ${call!.name}(${call!.argumentsJson})`,
    run: (call, context) => tools.call(call!, context),
    undo: (call, context, result) => tools.undo(call!, { context, output: result?.output }),
    adopt: (output, { input, key }) => tools.adopt(input!, { output, key }),
  });
}

/** Raises the alarm where the agent repeats itself, after the last call of an answer. */
function watchRepetition(world: AgentWorld, { step, done }: AgentState): void {
  const repetition = step.kind === "act" ? ({ kind: "none" } as const) : findRepetition(done);
  if (repetition.kind !== "none") world.raiseAlarm(repetition.kind === "loop" ? "red" : "yellow", repetition.what);
}

const parts = setup({
  types: {} as { context: AgentState; events: AgentEvent },
  // Of each agent its own: `agentPart` provides them.
  actors: { askModel: {} as ReturnType<typeof askModel>, runTool: {} as ReturnType<typeof runTool> },
  actions: {
    begin: {} as (args: unknown, assignment: Assignment) => void,
    hear: {} as (args: unknown, response: ModelResponse) => void,
    watchRepetition: {} as (args: { readonly context: AgentState }) => void,
    noteCutOff: {} as (args: { readonly context: AgentState }) => void,
  },
  guards: {
    isCutOff: (_args, error: unknown) => readCutOff(error) !== undefined,
    isToAct: ({ context }) => context.step.kind === "act",
    isToDeliver: ({ context }) => context.step.kind === "deliver",
    isToEnd: ({ context }, end: AgentEnd) => context.step.kind === "end" && context.step.end === end,
  },
});

/**
 * The machine of every agent that has a model: it is assigned work, asks its model, runs the tools that the model calls and
 * its charter permits, and hands in a deliverable that is checked before it counts.
 *
 * Ends: `dismissed` (normal); `looping` (loop), `stuck` (no-progress), `incoherent` (model-error/invalid-output),
 * `unfounded` (unfounded-claim). A model or tool that fails for good fails the agent with its own class. Whoever assigned
 * the work hears of an end at once, as a failed ask.
 */
const agentMachine = parts.createMachine({
  id: "agent",
  context: idleState,
  initial: "idle",
  output: ({ context: { step } }) => ({ reason: step.kind === "end" ? step.reason : "" }),
  on: { dismiss: ".dismissed" },
  states: {
    idle: {
      on: {
        assign: { target: "asking", actions: { type: "begin", params: ({ event }) => event.assignment } },
      },
    },
    asking: {
      meta: { postpone: ["assign"] },
      invoke: {
        src: "askModel",
        input: ({ context }) => context.messages,
        onDone: { target: "deciding", actions: { type: "hear", params: ({ event }) => event.output } },
      },
    },
    acting: {
      meta: { postpone: ["assign"] },
      invoke: {
        src: "runTool",
        input: ({ context }) => nextCall(context),
        onDone: {
          target: "deciding",
          actions: [assign(({ context, event }) => afterTool(context, event.output)), "watchRepetition"],
        },
        // A call that was cut off and taken back; one of which nobody knows, where the supervisor lets the agent go on: the model hears of it as
        // of what the tool came to. All other failures are the agent's own.
        onError: {
          guard: { type: "isCutOff", params: ({ event }: { readonly event: { readonly error: unknown } }) => event.error },
          target: "deciding",
          actions: [assign(({ context, event }) => afterTool(context, cutOffResult(nextCall(context)!, event.error))), "noteCutOff"],
        },
      },
    },
    deciding: {
      always: [
        { guard: "isToAct", target: "acting" },
        {
          guard: "isToDeliver",
          target: "idle",
          actions: [
            reply(
              ({ context }) => deliveryOf(context),
              ({ context }) => context.asker,
            ),
            assign(idleState),
          ],
        },
        { guard: { type: "isToEnd", params: "looping" }, target: "looping" },
        { guard: { type: "isToEnd", params: "stuck" }, target: "stuck" },
        { guard: { type: "isToEnd", params: "incoherent" }, target: "incoherent" },
        { guard: { type: "isToEnd", params: "unfounded" }, target: "unfounded" },
        { target: "asking" },
      ],
    },
    dismissed: { type: "final" },
    looping: { type: "final", meta: { exit: "failure", class: "loop" } },
    stuck: { type: "final", meta: { exit: "failure", class: "no-progress" } },
    incoherent: { type: "final", meta: { exit: "failure", class: "model-error", kind: "invalid-output" } },
    unfounded: { type: "final", meta: { exit: "failure", class: "unfounded-claim" } },
  },
});

function deliveryOf({ step }: AgentState): Delivery {
  return { value: step.kind === "deliver" ? step.value : undefined };
}
