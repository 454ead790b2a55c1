import { type ModelClient, ModelError, type ModelErrorKind, type ModelRequest, type ModelResponse, SpecError } from "@orgtree/core";

import { requestHash, toPlainRequest } from "./request-hash.ts";

/**
 * One call and how it ended, as plain data: a line of JSON Lines.
 *
 * It holds what was asked and answered and nothing of the client, so never a key; what people wrote into the messages is in it.
 */
export type Recording = RecordedCall & ({ readonly response: ModelResponse } | { readonly error: RecordedError });

interface RecordedCall {
  /** Version of this format. */
  readonly v: 1;
  /** See `requestHash`. */
  readonly hash: string;
  readonly provider: string;
  /** The client's model; the request may name another. */
  readonly model: string;
  /** Without its key. */
  readonly request: ModelRequest;
}

/** A `ModelError` without what cannot be written down. */
export interface RecordedError {
  readonly kind: ModelErrorKind;
  readonly message: string;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** Takes one line of JSON, without its line break. The call is answered once the line is kept; a rejection becomes the call's. */
export type RecordingSink = (line: string) => void | Promise<void>;

/**
 * Passes calls on and writes down how they ended.
 *
 * Put it around the client whose behaviour is to be kept: outside of `withRetries` a recording has one line per call, within
 * it one per attempt. A call that its caller aborted has no outcome and leaves no line.
 */
export function recordingModel(client: ModelClient, sink: RecordingSink): ModelClient {
  return {
    provider: client.provider,
    model: client.model,
    isPriced: client.isPriced,
    resume: client.resume?.bind(client),
    worstCase: (request) => client.worstCase(request),
    async complete(request, call = {}) {
      const recorded: RecordedCall = {
        v: 1,
        hash: requestHash(request),
        provider: client.provider,
        model: client.model,
        request: toPlainRequest(request),
      };
      let response: ModelResponse;
      try {
        response = await client.complete(request, call);
      } catch (thrown) {
        if (thrown instanceof ModelError && !call.signal?.aborted) await keep(sink, { ...recorded, error: toRecordedError(thrown) });
        throw thrown;
      }
      await keep(sink, { ...recorded, response });
      return response;
    },
  };
}

/** Reads JSON Lines back; empty lines are allowed. Throws `SpecError` with the number of the line that is no recording. */
export function parseRecordings(text: string): readonly Recording[] {
  const lines = text.split("\n").map((line, index) => ({ line: line.trim(), field: `recordings line ${index + 1}` }));
  return lines.filter(({ line }) => line !== "").map(({ line, field }) => parseRecording(line, field));
}

async function keep(sink: RecordingSink, recording: Recording): Promise<void> {
  await sink(JSON.stringify(recording));
}

function toRecordedError({ kind, message, status, retryAfterMs }: ModelError): RecordedError {
  return { kind, message, status, retryAfterMs };
}

function parseRecording(line: string, field: string): Recording {
  let data: Partial<Recording> | null;
  try {
    data = JSON.parse(line) as Partial<Recording> | null;
  } catch (cause) {
    throw new SpecError(field, `is no JSON (${String(cause)}); it may have been cut, record it again`);
  }
  if (data?.v !== 1) throw new SpecError(field, `has version ${JSON.stringify(data?.v)}, and only 1 is known; record it again`);
  const isWhole = typeof data.hash === "string" && typeof data.request === "object" && ("response" in data || "error" in data);
  if (!isWhole) throw new SpecError(field, "lacks its hash, request or outcome; record it again");
  return data as Recording;
}
