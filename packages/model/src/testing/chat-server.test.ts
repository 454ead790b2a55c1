import { describe, expect, test } from "vitest";

import { failure, silence, streamedText } from "./chat-reply.ts";
import { startChatServer } from "./chat-server.ts";

function post(url: string, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${url}/chat/completions`, { method: "POST", body: '{"model":"m"}', signal });
}

describe("startChatServer", () => {
  test("streams events up to the end mark", async () => {
    await using server = await startChatServer({ replies: [streamedText("At noon.")] });
    const response = await post(server.url);
    const events = (await response.text()).split("\n\n").filter((event) => event !== "");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(events.at(-1)).toBe("data: [DONE]");
    expect(events).toHaveLength(6);
    expect(server.requests.map(({ body }) => body)).toEqual([{ model: "m" }]);
  });

  test("answers by a function too", async () => {
    await using server = await startChatServer({ replies: ({ body }, n) => failure(500 + n, { message: body["model"] }) });
    expect((await post(server.url)).status).toBe(500);
    expect(await (await post(server.url)).json()).toEqual({ error: { message: "m" } });
  });

  test("says that it has no reply left", async () => {
    await using server = await startChatServer({ replies: [] });
    const response = await post(server.url);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: { message: "the chat server has no reply for request 1; give it more replies" } });
    expect((await fetch(`${server.url}/models`)).status).toBe(404);
  });

  test("notices a client that goes away, and closes although it owes an answer", async () => {
    const server = await startChatServer({ replies: [silence(), silence()] });
    const controller = new AbortController();
    const first = post(server.url, controller.signal);
    const { aborted } = await server.received(1);
    controller.abort();
    await expect(first).rejects.toThrow("aborted");
    await aborted;
    const second = post(server.url);
    await server.received(2);
    await Promise.all([server.close(), expect(second).rejects.toThrow("fetch failed")]);
    await server.close();
  });
});
