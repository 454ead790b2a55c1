import { createHash } from "node:crypto";

import type { ModelRequest } from "@orgtree/core";

/**
 * The part of a request that its answer depends on, as plain data with sorted fields and nothing undefined.
 *
 * The key is left out: it names the run, and the same question in another run is the same question.
 */
export function toPlainRequest({ key: _key, ...request }: ModelRequest): ModelRequest {
  return sortFields(request) as ModelRequest;
}

/** Hexadecimal SHA-256 of a request's plain form: equal for equal questions, in every process. */
export function requestHash(request: ModelRequest): string {
  return createHash("sha256")
    .update(JSON.stringify(toPlainRequest(request)))
    .digest("hex");
}

function sortFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortFields);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  // Code units, not locale: the order has to be the same on every machine.
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, inner]) => [name, sortFields(inner)]));
}
