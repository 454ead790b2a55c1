/** An event of a stream of server-sent events. */
export interface ServerEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** Reads a stream of events until it ends, and again from behind the last one where the connection is lost, until `isOver` says so. */
export async function* readEvents(
  url: string,
  { token, isOver, retryMs = 200 }: { readonly token: string; readonly isOver: (event: ServerEvent) => boolean; readonly retryMs?: number },
): AsyncGenerator<ServerEvent> {
  let last: string | undefined;
  for (;;) {
    try {
      const headers = { authorization: `Bearer ${token}`, ...(last === undefined ? {} : { "last-event-id": last }) };
      const response = await fetch(url, { headers });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      for await (const event of parse(response.body!)) {
        last = event.id ?? last;
        yield event;
        if (isOver(event)) return;
      }
    } catch {
      // Whoever answered is gone, or not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  let rest = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = block.split("\n").map((line) => /^(\w+): ?(.*)$/.exec(line));
      const of = (name: string): string | undefined => fields.find((field) => field?.[1] === name)?.[2];
      const data = of("data");
      if (data !== undefined) yield { type: of("event") ?? "message", id: of("id"), data: JSON.parse(data) as unknown };
    }
  }
}
