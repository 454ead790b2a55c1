import type { ModelMessage, ModelRequest, ModelResponse, ReplyTo, ToolCall } from "@orgtree/core";
import { currentAsk, fromWork, reply, type Logic } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import type { AgentEvent, Assignment, Delivery } from "./assignment.ts";
import { fitConversation, openConversation, withAnswer, withResults } from "./conversation.ts";
import { deliverTool, type Deliverable, type Reading } from "./deliverable.ts";
import { modelCall } from "./model-call.ts";
import { findRepetition, type RepetitionVerdict } from "./repetition.ts";
import type { ToolResult } from "./tool-box.ts";
import type { AgentWorld } from "./world.ts";

/** What makes a planner, a worker or a critic of the same machine. */
export interface AgentRole {
  /** How to go about the work; follows the charter's purpose in the model's instructions. */
  readonly instructions: string;
  readonly deliverable: Deliverable;
}

/** Model calls in one assignment before the agent counts as stuck. */
const maxModelCalls = 40;
/** Answers that cannot be used, in one assignment, before the agent counts as incoherent. */
const maxMends = 3;

interface AgentContext {
  readonly asker: ReplyTo | undefined;
  readonly messages: readonly ModelMessage[];
  readonly response: ModelResponse | undefined;
  readonly done: readonly ToolResult[];
  readonly reading: Reading | undefined;
  readonly modelCalls: number;
  readonly mends: number;
  /** Why it failed, for the failure's message. */
  readonly reason: string;
}

const fresh: AgentContext = {
  asker: undefined,
  messages: [],
  response: undefined,
  done: [],
  reading: undefined,
  modelCalls: 0,
  mends: 0,
  reason: "",
};

/**
 * The machine of every agent that has a model: it is assigned work, asks its model, runs the tools that the model calls and
 * its charter permits, and hands in a deliverable that is checked before it counts.
 *
 * Ends: `dismissed` (normal); `looping` (loop), `stuck` (no-progress), `incoherent` (model-error/invalid-output),
 * `unfounded` (unfounded-claim). A model or tool that fails for good fails the agent with its own class. Whoever assigned
 * the work hears of an end at once, as a failed ask.
 */
// A machine is a table, and reads best in one piece.
// oxlint-disable-next-line max-lines-per-function
export function agentMachine(world: AgentWorld, role: AgentRole): Logic {
  const tools = [...world.tools.describe(), ...(role.deliverable.tool === undefined ? [] : [role.deliverable.tool])];
  return agentParts(world, role).createMachine({
    id: world.name,
    context: fresh,
    initial: "idle",
    output: ({ context }) => ({ reason: context.reason }),
    on: { dismiss: ".dismissed" },
    states: {
      idle: {
        on: {
          assign: {
            target: "asking",
            actions: assign(({ event, self }) => begin(world, role, { assignment: event.assignment, asker: currentAsk(self) })),
          },
        },
      },
      asking: {
        meta: { postpone: ["assign"] },
        always: [
          { guard: "isExhausted", target: "stuck", actions: assign({ reason: `${maxModelCalls} model calls without a result` }) },
          {
            guard: "isIncoherent",
            target: "incoherent",
            actions: assign({ reason: `${maxMends + 1} answers that could not be used` }),
          },
        ],
        invoke: {
          src: "askModel",
          input: ({ context }): ModelRequest => ({ messages: fitConversation(context.messages), ...(tools.length === 0 ? {} : { tools }) }),
          onDone: {
            target: "deciding",
            actions: assign(({ context, event }) => ({
              response: event.output,
              messages: withAnswer(context.messages, event.output),
              modelCalls: context.modelCalls + 1,
            })),
          },
        },
      },
      deciding: {
        always: [
          { guard: "callsTools", target: "acting" },
          { guard: "handsIn", target: "handingIn", actions: assign(({ context }) => ({ reading: handIn(context, role)!.read() })) },
          {
            target: "asking",
            actions: assign(({ context }) => mend(context, `Use your tools, or hand in your work by calling ${deliverTool}.`)),
          },
        ],
      },
      acting: {
        meta: { postpone: ["assign"] },
        invoke: {
          src: "runTools",
          input: ({ context }) => workCalls(context),
          onDone: { target: "watching", actions: assign(({ context, event }) => took(context, event.output)) },
        },
      },
      watching: {
        entry: ({ context }) => raiseAlarm(world, findRepetition(context.done)),
        always: [
          { guard: "isLooping", target: "looping", actions: assign(({ context }) => ({ reason: whatRepeats(context) })) },
          { target: "asking", actions: assign(({ context }) => nudge(context)) },
        ],
      },
      handingIn: {
        always: [
          {
            guard: "isAccepted",
            target: "idle",
            actions: [
              reply(
                ({ context }) => delivery(world, context),
                ({ context }) => context.asker,
              ),
              assign(fresh),
            ],
          },
          { guard: "isUnfounded", target: "unfounded", actions: assign(({ context }) => ({ reason: problemOf(context.reading) })) },
          {
            target: "asking",
            actions: assign(({ context }) =>
              mend(context, `That could not be read: ${problemOf(context.reading)}. Call ${deliverTool} again.`),
            ),
          },
        ],
      },
      dismissed: { type: "final" },
      looping: { type: "final", meta: { exit: "failure", class: "loop" } },
      stuck: { type: "final", meta: { exit: "failure", class: "no-progress" } },
      incoherent: { type: "final", meta: { exit: "failure", class: "model-error", kind: "invalid-output" } },
      unfounded: { type: "final", meta: { exit: "failure", class: "unfounded-claim" } },
    },
  });
}

/** What the states of the machine are made of. */
function agentParts(world: AgentWorld, role: AgentRole) {
  return setup({
    types: {} as { context: AgentContext; events: AgentEvent },
    actors: { askModel: modelCall(world), runTools: runTools(world) },
    guards: {
      isExhausted: ({ context }) => context.modelCalls >= maxModelCalls,
      isIncoherent: ({ context }) => context.mends > maxMends,
      isLooping: ({ context }) => findRepetition(context.done).kind === "loop",
      callsTools: ({ context }) => workCalls(context).length > 0,
      handsIn: ({ context }) => handIn(context, role) !== undefined,
      isAccepted: ({ context }) => context.reading?.kind === "value",
      isUnfounded: ({ context }) => context.reading?.kind === "unfounded",
    },
  });
}

/** Runs the calls of one answer, one after the other: a later one may build on an earlier. */
function runTools(world: AgentWorld): ReturnType<typeof fromWork<readonly ToolCall[], readonly ToolResult[]>> {
  return fromWork<readonly ToolCall[], readonly ToolResult[]>({
    kind: "irreversible",
    run: async (calls, context) => {
      const results: ToolResult[] = [];
      for (const [at, call] of calls.entries()) results.push(await world.tools.call(call, { ...context, key: `${context.key}/${at}` }));
      return results;
    },
  });
}

function begin(world: AgentWorld, role: AgentRole, work: { assignment: Assignment; asker: ReplyTo | undefined }): AgentContext {
  return { ...fresh, asker: work.asker, messages: openConversation(world, role.instructions, work.assignment) };
}

/** The calls of the newest answer that are work, not the handing in of it. */
function workCalls(context: AgentContext): readonly ToolCall[] {
  return context.response?.toolCalls.filter(({ name }) => name !== deliverTool) ?? [];
}

/** What the newest answer hands in: by the tool, or as plain text where there is no such tool. */
function handIn(context: AgentContext, role: AgentRole): { read: () => Reading } | undefined {
  const { response, done } = context;
  const call = response?.toolCalls.find(({ name }) => name === deliverTool);
  if (role.deliverable.tool === undefined)
    return response === undefined ? undefined : { read: () => role.deliverable.read(response.content, done) };
  return call === undefined ? undefined : { read: () => role.deliverable.read(call.argumentsJson, done) };
}

function took(context: AgentContext, results: readonly ToolResult[]): Partial<AgentContext> {
  const tooEarly = context
    .response!.toolCalls.filter(({ name }) => name === deliverTool)
    .map(({ id }) => ({
      callId: id,
      outcome: `Not taken: call ${deliverTool} alone, after you have seen the results of your other calls.`,
    }));
  return { done: [...context.done, ...results], messages: withResults(context.messages, [...results, ...tooEarly]) };
}

function mend(context: AgentContext, problem: string): Partial<AgentContext> {
  const calls = context.response?.toolCalls ?? [];
  const answers = calls.map(({ id }) => ({ callId: id, outcome: problem }));
  const messages: readonly ModelMessage[] =
    answers.length > 0 ? withResults(context.messages, answers) : [...context.messages, { role: "user", content: problem }];
  return { mends: context.mends + 1, messages, reading: undefined };
}

/** A yellow alarm is told to the agent: it may not have noticed. */
function nudge(context: AgentContext): Partial<AgentContext> {
  const verdict = findRepetition(context.done);
  if (verdict.kind === "none") return {};
  return {
    messages: [...context.messages, { role: "user", content: `You did ${verdict.what}. Doing it again will not help: do something else.` }],
  };
}

function raiseAlarm(world: AgentWorld, verdict: RepetitionVerdict): void {
  if (verdict.kind === "none") return;
  world.record.add({ kind: "alarm", level: verdict.kind === "loop" ? "red" : "yellow", by: world.address, what: verdict.what });
}

function whatRepeats(context: AgentContext): string {
  const verdict = findRepetition(context.done);
  return verdict.kind === "none" ? "" : verdict.what;
}

function problemOf(reading: Reading | undefined): string {
  return reading !== undefined && "problem" in reading ? reading.problem : "";
}

function delivery(world: AgentWorld, context: AgentContext): Delivery {
  return { by: world.address, value: context.reading?.kind === "value" ? context.reading.value : undefined };
}
