import type { Clock } from "@orgtree/core";
import { type ClusterClient, expositionType } from "@orgtree/node";
import type { Metrics } from "./metrics.ts";
import { openApi } from "./open-api.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Operation } from "./operation.ts";
import { Problem } from "./problem.ts";
import type { Schema } from "./schemas.ts";

/** What is needed to tell how the gateway is. */
export interface SystemParts {
  readonly client: Pick<ClusterClient, "isReachable">;
  /** Whether the connection to NATS stands. */
  readonly isConnected: () => boolean;
  readonly clock: Clock;
  readonly streams: OpenStreams;
  readonly metrics: Metrics;
  readonly version: string;
}

const readyMs = 2_000;
/** How long the answer of a desk counts, in milliseconds: each is a turn that is stored. */
const freshMs = 5_000;

/** What is served beside the jobs; the document has `jobs` in it as well. */
export function systemOperations(parts: SystemParts, jobs: readonly Operation[]): readonly Operation[] {
  const operations = [healthOperation(), readyOperation(parts), metricsOperation(parts)];
  const documented: Operation = {
    id: "getDocument",
    method: "GET",
    path: "/openapi.json",
    summary: "This document.",
    access: "everybody",
    answers: { 200: { description: "OpenAPI 3.1.", schema: { type: "object" } } },
    problems: [],
    handle: () => Promise.resolve(document),
  };
  const document = openApi([...jobs, ...operations, documented], parts.version);
  return [...operations, documented];
}

function healthOperation(): Operation {
  return {
    id: "getHealth",
    method: "GET",
    path: "/healthz",
    summary: "Whether the process works.",
    access: "everybody",
    answers: { 200: { description: "It does.", schema: isStatus("ok") } },
    problems: [],
    handle: () => Promise.resolve({ status: "ok" }),
  };
}

function readyOperation({ client, isConnected, clock }: SystemParts): Operation {
  let lastMs = -Infinity;
  let looking: Promise<boolean> | undefined;
  const look = async (): Promise<boolean> => {
    const isReachable = await client.isReachable(readyMs);
    if (isReachable) lastMs = clock.nowMs();
    return isReachable;
  };
  const isReady = (): Promise<boolean> => {
    if (clock.nowMs() - lastMs < freshMs) return Promise.resolve(true);
    looking ??= look().finally(() => (looking = undefined));
    return looking;
  };
  return {
    id: "getReadiness",
    method: "GET",
    path: "/readyz",
    summary: "Whether the gateway reaches NATS and some desk of the cluster.",
    access: "everybody",
    answers: { 200: { description: "It does.", schema: isStatus("ready") } },
    problems: ["unavailable"],
    async handle() {
      if (!isConnected())
        throw new Problem("unavailable", "the connection to NATS is lost; look whether its servers are up", { retryAfterS: 2 });
      if (!(await isReady()))
        throw new Problem("unavailable", "no desk answers; look whether nodes of this namespace are up", { retryAfterS: 2 });
      return { status: "ready" };
    },
  };
}

function metricsOperation({ metrics, streams, isConnected }: SystemParts): Operation {
  return {
    id: "getMetrics",
    method: "GET",
    path: "/metrics",
    summary: "What is counted, for Prometheus.",
    access: "operator",
    answers: { 200: { description: "The text format of Prometheus.", type: "text/plain", schema: { type: "string" } } },
    problems: [],
    handle({ reply }) {
      void reply.type(expositionType);
      return Promise.resolve(metrics.text({ openStreams: streams.count, isConnected: isConnected() }));
    },
  };
}

function isStatus(status: string): Schema {
  return { type: "object", required: ["status"], additionalProperties: false, properties: { status: { const: status } } };
}
