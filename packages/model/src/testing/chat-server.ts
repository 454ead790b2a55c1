import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { type ChatReply, failure } from "./chat-reply.ts";

/** What the server is to answer: replies in order, or a function of the request and the number of those before it. */
export interface ChatServerOptions {
  readonly replies: readonly ChatReply[] | ((request: ChatServerRequest, n: number) => ChatReply);
}

/** A request as it came in. */
export interface ChatServerRequest {
  /** The parsed body. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
  /** Resolves if the client goes away before its answer is whole. */
  readonly aborted: Promise<void>;
}

/** A server of Chat Completions on loopback. */
export interface ChatServer extends AsyncDisposable {
  /** To be given as `baseURL`, with its `/v1`. */
  readonly url: string;
  /** All requests so far. */
  readonly requests: readonly ChatServerRequest[];
  /** Resolves with that request once it is there; the first is 1. A barrier for tests. */
  received(number: number): Promise<ChatServerRequest>;
  /** Stops the server and destroys what connections there are. */
  close(): Promise<void>;
}

/**
 * Starts a real HTTP server that speaks Chat Completions, streaming included, and misbehaves as told.
 *
 * It does not look at the model or the key. A request for which there is no reply left is answered with 400, which nobody
 * retries.
 *
 * @example
 * await using server = await startChatServer({ replies: [failure(500), streamedText("Hello.")] });
 * const model = openaiModel({ baseURL: server.url, apiKey: "any", model: "test-model", clock, random });
 */
export async function startChatServer(options: ChatServerOptions): Promise<ChatServer> {
  const desk = new Desk(options);
  const server = createServer((request, response) => {
    // A connection that goes away is what many tests are about; it fails writes, which is nobody's error.
    desk.serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests: desk.requests,
    received: (number) => desk.received(number),
    close: () => close(server),
    [Symbol.asyncDispose]: () => close(server),
  };
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Takes requests in and hands replies out. */
class Desk {
  readonly requests: ChatServerRequest[] = [];
  readonly #options: ChatServerOptions;
  readonly #barriers = new Map<number, PromiseWithResolvers<ChatServerRequest>>();

  constructor(options: ChatServerOptions) {
    this.#options = options;
  }

  received(number: number): Promise<ChatServerRequest> {
    const request = this.requests[number - 1];
    if (request) return Promise.resolve(request);
    const barrier = this.#barriers.get(number) ?? Promise.withResolvers<ChatServerRequest>();
    this.#barriers.set(number, barrier);
    return barrier.promise;
  }

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    response.on("close", () => {
      if (!response.writableFinished) aborted.resolve();
    });
    if (incoming.method !== "POST" || incoming.url !== "/v1/chat/completions") {
      return await send(response, failure(404, { message: `${incoming.method} ${incoming.url} is not served here` }));
    }
    const body = JSON.parse(await text(incoming)) as Record<string, unknown>;
    const request = { body, headers: incoming.headers, aborted: aborted.promise };
    this.requests.push(request);
    const number = this.requests.length;
    this.#barriers.get(number)?.resolve(request);
    await send(response, this.#replyTo(request, number));
  }

  #replyTo(request: ChatServerRequest, number: number): ChatReply {
    const { replies } = this.#options;
    const reply = typeof replies === "function" ? replies(request, number - 1) : replies[number - 1];
    return reply ?? failure(400, { message: `the chat server has no reply for request ${number}; give it more replies` });
  }
}

async function send(response: ServerResponse, reply: ChatReply): Promise<void> {
  if (reply.after) await reply.after;
  if (reply.end === "cut" && reply.pieces.length === 0) return void response.destroy();
  response.writeHead(reply.status, { ...reply.headers });
  response.flushHeaders();
  for (const piece of reply.pieces) await write(response, piece);
  if (reply.end === "whole") response.end();
  if (reply.end === "cut") response.destroy();
}

/** Waits until the piece is on its way, so that it does not travel together with the next. */
async function write(response: ServerResponse, piece: string | Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  response.write(piece, (error) => (error ? reject(error) : resolve()));
  await promise;
}
