/**
 * Calls a model that fails in several ways, and prints what would keep the process alive afterwards. A process of its own,
 * since the test runner has timers too; that it ends by itself is part of the test.
 */
import { openaiModel } from "../src/openai/openai-model.ts";
import { cutAfter, failure, rawStream, silence, startChatServer, streamedText, wholeAnswer } from "../src/testing/index.ts";
import { makeFakeClock } from "./fake-clock.ts";

const replies = [
  streamedText("ok"),
  failure(500),
  cutAfter(streamedText("At noon"), 2),
  rawStream(["{"]),
  wholeAnswer({ content: "ok" }),
  silence(),
];
const server = await startChatServer({ replies });
const clock = makeFakeClock();
const model = openaiModel({
  apiKey: "any",
  baseURL: server.url,
  model: "m",
  maxRetries: 0,
  timeoutMs: 1_000,
  clock,
  random: { next: () => 0 },
});
for (const reply of replies) {
  const answer = model.complete({ messages: [] }).catch((error: unknown) => error);
  if (reply.after) {
    await server.received(replies.length);
    clock.advance(1_000);
  }
  await answer;
}
await server.close();
const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout");
process.stdout.write(JSON.stringify({ calls: server.requests.length, timers, pending: clock.pending }));
