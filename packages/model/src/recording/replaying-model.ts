import { type ModelCallOptions, ModelError, type ModelRequest, type ModelResponse, type ModelClient } from "@orgtree/core";

import { parseRecordings, type Recording } from "./recordings.ts";
import { describeDifference, type Difference, findDifferences } from "./request-difference.ts";
import { requestHash, toPlainRequest } from "./request-hash.ts";
import { worstCaseOf } from "../prices.ts";

/** A model that answers as recorded. */
export interface ReplayingModel extends ModelClient {
  /** Recordings that nobody asked for yet. */
  readonly left: number;
}

/**
 * Answers each request as it was answered when it was recorded, errors included; the same request asked again gets the next
 * answer that was recorded for it.
 *
 * A request that was not recorded, or not as often, fails with `ModelError` bad-request that says what differs from the
 * nearest recorded one. Takes the recordings or their JSON Lines; a malformed line throws `SpecError`. `onText` hears the text
 * in one piece.
 */
export function replayingModel(recordings: readonly Recording[] | string): ReplayingModel {
  return new Replay(typeof recordings === "string" ? parseRecordings(recordings) : recordings);
}

class Replay implements ReplayingModel {
  readonly provider: string;
  readonly model: string;
  readonly #recordings: readonly Recording[];
  readonly #leftByHash: ReadonlyMap<string, Recording[]>;
  readonly isPriced: boolean;
  readonly #dearest: number;

  constructor(recordings: readonly Recording[]) {
    this.provider = recordings[0]?.provider ?? "replay";
    this.model = recordings[0]?.model ?? "replay";
    this.#recordings = recordings;
    this.#dearest = recordings.reduce((most, each) => Math.max(most, "response" in each ? (each.response.usd ?? 0) : 0), 0);
    this.isPriced = recordings.some((each) => "response" in each && each.response.usd !== undefined);
    this.#leftByHash = Map.groupBy(recordings, ({ hash }) => hash);
  }

  get left(): number {
    return [...this.#leftByHash.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Recordings know no prices, but what calls have cost: in dollars the dearest of them. 0 where none was counted. */
  worstCase(request: ModelRequest): { readonly tokens: number; readonly usd: number } {
    return { ...worstCaseOf(request), usd: this.#dearest };
  }

  async complete(request: ModelRequest, call: ModelCallOptions = {}): Promise<ModelResponse> {
    call.signal?.throwIfAborted();
    const left = this.#leftByHash.get(requestHash(request));
    const recording = left?.shift();
    if (!recording) throw this.#unknown(request, left !== undefined);
    if ("error" in recording) throw new ModelError(recording.error.kind, recording.error.message, recording.error);
    if (recording.response.content !== "") call.onText?.(recording.response.content);
    return recording.response;
  }

  #unknown(request: ModelRequest, isKnown: boolean): ModelError {
    const remedy = "record again, or ask the same";
    if (isKnown) return new ModelError("bad-request", `every recorded answer to this request was given already; ${remedy}`);
    const nearest = findNearest(toPlainRequest(request), this.#recordings);
    if (!nearest) return new ModelError("bad-request", "nothing was recorded; record first");
    const shown = nearest.differences.slice(0, 5).map(describeDifference);
    const more = nearest.differences.length > shown.length ? `\n  and ${nearest.differences.length - shown.length} more` : "";
    const where = `recording ${nearest.index + 1} of ${this.#recordings.length} is the nearest and differs`;
    return new ModelError("bad-request", `this request was not recorded; ${remedy}; ${where}:\n  ${shown.join("\n  ")}${more}`);
  }
}

interface Nearest {
  readonly index: number;
  readonly differences: readonly Difference[];
}

/** Fewest differing places; of those with as many, the first. */
function findNearest(asked: ModelRequest, recordings: readonly Recording[]): Nearest | undefined {
  let nearest: Nearest | undefined;
  for (const [index, { request }] of recordings.entries()) {
    const differences = findDifferences(asked, toPlainRequest(request));
    if (!nearest || differences.length < nearest.differences.length) nearest = { index, differences };
  }
  return nearest;
}
