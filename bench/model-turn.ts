/**
 * Our CPU for one turn of a model: the whole way through `run`, with a scripted model and one tool that the model calls in
 * every turn but the last. Against a bare loop over the same model and the same tool.
 */
import {
  agent,
  callTool,
  defineTool,
  organization,
  run,
  say,
  scriptedModel,
  type ModelClient,
  type ModelRequest,
  type Tool,
} from "orgtree";
import { z } from "zod";
import { node, plainly, type Bench, type Comparison, type Job } from "./harness/bench.ts";

/** An agent gives up after 40 model calls, so a longer run is the work of several. */
const mostTurns = 40;

const look = defineTool({
  name: "look",
  description: "Looks at a page of the log.",
  kind: "pure",
  inputSchema: z.object({ page: z.number() }),
  execute: ({ page }) => `page ${page}: the tide was ${page} minutes late, nobody has asked why`,
}) as Tool;

/** A model that looks at a new page in each turn and answers in the last; `calls` counts the requests that arrived. */
function readerOf(turns: number): { readonly model: ModelClient; readonly calls: () => number } {
  let calls = 0;
  const model = scriptedModel((_: ModelRequest, n: number) => {
    calls++;
    return (n + 1) % turns === 0 ? say("The tide was late.") : callTool("look", { page: n });
  });
  return { model, calls: () => calls };
}

/** `size` model calls by as many agents as are needed, one after the other in each run. */
function ours(turns: number): Job {
  const agents = Math.ceil(turns / mostTurns);
  const perAgent = turns / agents;
  const names = Array.from({ length: agents }, (_, n) => `reader-${n}`);
  const parts = Object.fromEntries(names.map((name) => [name, agent({ purpose: "Read the log.", tools: ["look"] })]));
  const desk = organization({ name: "desk", agents: parts, tools: () => [look] });
  return async (size) =>
    cpu(async () => {
      let done = 0;
      while (done < size) {
        const { model, calls } = readerOf(perAgent);
        const result = await run(desk, "Why was the tide late?", { model });
        if (result.status !== "done" || result.output !== "The tide was late.")
          throw new Error(`the run ended as ${JSON.stringify(result)}`);
        done += calls();
      }
      return done;
    });
}

/** What model and tool cost by themselves. */
function bareLoop(turns: number): Job {
  const perAgent = turns / Math.ceil(turns / mostTurns);
  return async (size) =>
    cpu(async () => {
      let done = 0;
      while (done < size) {
        const { model, calls } = readerOf(perAgent);
        await loop(model);
        done += calls();
      }
      return done;
    });
}

async function loop(model: ModelClient): Promise<string> {
  const { name, description, parameters } = look;
  const messages: ModelRequest["messages"][number][] = [{ role: "user", content: "Why was the tide late?" }];
  for (;;) {
    const { content, toolCalls } = await model.complete({ messages, tools: [{ name, description, parameters }] });
    messages.push({ role: "assistant", content, toolCalls });
    if (toolCalls.length === 0) return content;
    for (const call of toolCalls) {
      const output = await look.run(JSON.parse(call.argumentsJson), { key: call.id, signal: new AbortController().signal });
      messages.push({ role: "tool", toolCallId: call.id, content: String(output) });
    }
  }
}

async function cpu(work: () => Promise<number>): Promise<{ done: number; cpuMs: number }> {
  const begin = process.cpuUsage();
  const done = await work();
  const { user, system } = process.cpuUsage(begin);
  return { done, cpuMs: (user + system) / 1_000 / done };
}

function comparison(turns: number): Comparison {
  const agents = Math.ceil(turns / mostTurns);
  const what = `CPU per model turn, ${turns} turns${agents === 1 ? "" : ` by ${agents} agents`}`;
  const measure = plainly("cpuMs", "ms");
  return {
    name: `${turns} turns`,
    size: turns * Math.ceil(1_200 / turns),
    contenders: { ours: node(() => ours(turns)), "bare loop": node(() => bareLoop(turns)) },
    rows: [
      { what, measure, floor: 0.3, goal: 0.1 },
      { what, measure, peer: "bare loop" },
    ],
  };
}

export const bench: Bench = { name: "model-turn", comparisons: [comparison(10), comparison(40), comparison(120)] };
