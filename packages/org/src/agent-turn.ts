/** What an agent's machine decides after an answer of its model and after its tools: pure, so that the machine only routes. */
import type { ModelMessage, ModelResponse, ReplyTo, ToolCall } from "@orgtree/core";
import { withAnswer, withResults } from "./conversation.ts";
import { deliverToolName, type Deliverable, type Reading } from "./deliverable.ts";
import { findRepetition, type RepetitionVerdict } from "./repetition.ts";
import type { RecordView } from "./run-record.ts";
import type { ToolResult } from "./tool-box.ts";

/** Model calls in one assignment before the agent counts as stuck. */
const maxModelCalls = 40;
/** Answers that cannot be used, in one assignment, before the agent counts as incoherent. */
const maxMends = 3;

/** What comes next. */
export type Step =
  | { readonly kind: "ask" }
  | { readonly kind: "act"; readonly calls: readonly ToolCall[] }
  | { readonly kind: "deliver"; readonly value: unknown }
  | { readonly kind: "end"; readonly end: AgentEnd; readonly reason: string };

/** The ways in which an agent fails by a rule of its machine. */
export type AgentEnd = "looping" | "stuck" | "incoherent" | "unfounded";

/** The state of one assignment. Plain data. */
export interface AgentState {
  readonly asker: ReplyTo | undefined;
  readonly messages: readonly ModelMessage[];
  readonly done: readonly ToolResult[];
  /** The calls of the newest answer. */
  readonly calls: readonly ToolCall[];
  readonly modelCalls: number;
  readonly mends: number;
  /** The results of the newest answer's calls, as far as they are there. */
  readonly results: readonly ToolResult[];
  readonly step: Step;
}

/** Nothing assigned. */
export const idleState: AgentState = {
  asker: undefined,
  messages: [],
  done: [],
  calls: [],
  modelCalls: 0,
  mends: 0,
  results: [],
  step: { kind: "ask" },
};

/** What an answer is judged by. */
export interface AnswerRules {
  readonly deliverable: Deliverable;
  readonly record: Pick<RecordView, "check">;
}

/** The state after the model answered. */
export function afterAnswer(state: AgentState, response: ModelResponse, rules: AnswerRules): AgentState {
  const { toolCalls } = response;
  const heard = {
    ...state,
    messages: withAnswer(state.messages, response),
    calls: toolCalls,
    modelCalls: state.modelCalls + 1,
  };
  // Where nothing is handed in by a tool, one of that name is as unknown as any other.
  const handsIn = rules.deliverable.tool !== undefined;
  const calls = toolCalls.filter(({ name }) => !handsIn || name !== deliverToolName);
  if (calls.length > 0) return { ...heard, step: { kind: "act", calls } };
  const reading = readHandIn(response, state, rules);
  switch (reading?.kind) {
    case undefined:
      return mend(heard, `Use your tools, or hand in your work by calling ${deliverToolName}.`);
    case "value":
      return { ...heard, step: { kind: "deliver", value: reading.value } };
    case "unfounded":
      return { ...heard, step: { kind: "end", end: "unfounded", reason: reading.problem } };
    case "malformed":
      return mend(heard, `That could not be read: ${reading.problem}. ${handsIn ? `Call ${deliverToolName} again` : "Answer in words"}.`);
    default:
      return reading satisfies never;
  }
}

/** The call that is to be run now. One after the other: a later one may build on an earlier. */
export function nextCall({ step, results }: AgentState): ToolCall | undefined {
  return step.kind === "act" ? step.calls[results.length] : undefined;
}

/** The state after a tool ran. */
export function afterTool(state: AgentState, { output: _output, ...result }: ToolResult): AgentState {
  const next = { ...state, results: [...state.results, result] };
  if (nextCall(next) !== undefined) return next;
  return afterTools({ ...state, results: [] }, next.results, findRepetition([...state.done, ...next.results]));
}

/** The state after the tools ran. A nudge is told to the agent: it may not have noticed. */
export function afterTools(state: AgentState, results: readonly ToolResult[], repetition: RepetitionVerdict): AgentState {
  const tooEarly = state.calls
    .filter(({ name, id }) => name === deliverToolName && !results.some(({ callId }) => callId === id))
    .map(({ id }) => ({
      callId: id,
      outcome: `Not taken: call ${deliverToolName} alone, after you have seen the results of your other calls.`,
    }));
  const done = [...state.done, ...results];
  const messages = withResults(state.messages, [...results, ...tooEarly]);
  switch (repetition.kind) {
    case "loop":
      return { ...state, done, messages, step: { kind: "end", end: "looping", reason: repetition.what } };
    case "nudge": {
      const content = `You did ${repetition.what}. Doing it again will not help: do something else.`;
      return askAgain({ ...state, done, messages: [...messages, { role: "user", content }] });
    }
    case "none":
      return askAgain({ ...state, done, messages });
    default:
      return repetition satisfies never;
  }
}

/** What an answer without other calls hands in: by the tool, or as plain text where there is no such tool. */
function readHandIn(response: ModelResponse, { done }: AgentState, { deliverable, record }: AnswerRules): Reading | undefined {
  const work = { calls: done, record };
  if (deliverable.tool === undefined) return deliverable.read(response.content, work);
  const call = response.toolCalls.find(({ name }) => name === deliverToolName);
  return call === undefined ? undefined : deliverable.read(call.argumentsJson, work);
}

/** The model is told what was wrong, a bounded number of times. */
function mend(state: AgentState, problem: string): AgentState {
  const mends = state.mends + 1;
  if (mends > maxMends)
    return {
      ...state,
      mends,
      step: { kind: "end", end: "incoherent", reason: `${mends} answers that could not be used; the last: ${problem}` },
    };
  const answers = state.calls.map(({ id }) => ({ callId: id, outcome: problem }));
  const messages: readonly ModelMessage[] =
    answers.length > 0 ? withResults(state.messages, answers) : [...state.messages, { role: "user", content: problem }];
  return askAgain({ ...state, mends, messages });
}

function askAgain(state: AgentState): AgentState {
  if (state.modelCalls < maxModelCalls) return { ...state, step: { kind: "ask" } };
  return { ...state, step: { kind: "end", end: "stuck", reason: `${maxModelCalls} model calls without a result` } };
}
