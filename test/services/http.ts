import { DocumentCheck } from "./document-check.ts";
import { operator } from "./cluster.ts";

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** How a request is made. */
export interface CallOptions {
  /** Null for none. Default: the operator's. */
  readonly token?: string | null;
  readonly body?: unknown;
  /** As it is, in place of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Somebody who speaks to a gateway, and compares each answer with the document. */
export class Caller {
  readonly url: string;
  readonly document: DocumentCheck;

  private constructor(url: string, document: DocumentCheck) {
    this.url = url;
    this.document = document;
  }

  static async of({ url }: { readonly url: string }): Promise<Caller> {
    const document: unknown = await (await fetch(`${url}/openapi.json`)).json();
    return new Caller(url, new DocumentCheck(document));
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await this.#fetch(method, path, options);
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    const body: unknown = type.includes("json") ? JSON.parse(text) : text;
    this.document.check({ method, path }, { status: response.status, type, body });
    return { status: response.status, headers: response.headers, body };
  }

  /** The events of a job, as they come. It ends with the stream, or when nobody asks for more. */
  async *events(id: string, { after, ...options }: CallOptions & { readonly after?: string } = {}): AsyncGenerator<StreamEvent> {
    const path = `/v1/jobs/${id}/events`;
    const headers = { ...options.headers, ...(after !== undefined && { "last-event-id": after }) };
    const response = await this.#fetch("GET", path, { ...options, headers });
    const type = response.headers.get("content-type") ?? "";
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    this.document.check({ method: "GET", path }, { status: 200, type, body: "" });
    let text = "";
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        yield readEvent(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  }

  #fetch(method: string, path: string, { token = operator, body, raw, headers }: CallOptions): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(raw !== undefined ? { body: raw } : body !== undefined && { body: JSON.stringify(body) }),
    });
  }
}

/** An event of a stream, or a comment, or the time until the next connection. */
export interface StreamEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

function readEvent(text: string): StreamEvent {
  if (text.startsWith(":")) return { type: "comment", id: undefined, data: text.slice(2) };
  const fields = Object.fromEntries(text.split("\n").map((line) => line.split(/: (.*)/s)));
  if (fields["retry"] !== undefined) return { type: "retry", id: undefined, data: Number(fields["retry"]) };
  return { type: fields["event"]!, id: fields["id"], data: JSON.parse(fields["data"]!) as unknown };
}

/** The next event of a type; throws where the stream ends before. */
export async function next(events: AsyncIterator<StreamEvent>, type: string): Promise<StreamEvent> {
  for (;;) {
    const { done, value } = await events.next();
    if (done === true) throw new Error(`the stream ended before there was an event ${type}`);
    const event = value as StreamEvent;
    if (event.type === type) return event;
    if (event.type === "problem" || event.type === "end")
      throw new Error(`${event.type} came before ${type}: ${JSON.stringify(event.data)}`);
  }
}

/** All events that are left, comments left out. */
export async function rest(events: AsyncIterable<StreamEvent>): Promise<readonly StreamEvent[]> {
  const all: StreamEvent[] = [];
  for await (const event of events) if (event.type !== "comment" && event.type !== "retry") all.push(event);
  return all;
}
