import { Readable } from "node:stream";
import { type ClusterClient, type JobRequest, readRunInput } from "@orgtree/node";
import { eventStream, jobNotFound, type StreamParts } from "./event-stream.ts";
import { pageOf } from "./job-page.ts";
import type { Metrics } from "./metrics.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Call, Operation } from "./operation.ts";
import { Problem, type ProblemName } from "./problem.ts";
import { jobId, jobStatus, jobSubmission, ref } from "./schemas.ts";
import { isOperator, mayReach, type Token } from "./tokens.ts";

/** What is needed to serve jobs. */
export interface JobParts extends Omit<StreamParts, "client" | "signal"> {
  readonly client: Pick<ClusterClient, "submit" | "get" | "cancel" | "list">;
  readonly streams: OpenStreams;
  readonly metrics: Metrics;
}

interface Submission {
  readonly id?: string;
  readonly kind?: JobRequest["kind"];
  readonly what: string;
  readonly input?: unknown;
}

/** Of every operation that speaks to a desk. */
const ofDesks: readonly ProblemName[] = ["invalid-request", "unavailable"];
const params = { id: jobId };
const location = { Location: { type: "string" } };
const jobPath = "/v1/jobs/:id";

/** Jobs: submitted, listed, looked at, cancelled and followed. */
export function jobOperations(parts: JobParts): readonly Operation[] {
  return [submitOperation(parts), listOperation(parts), getOperation(parts), cancelOperation(parts), eventsOperation(parts)];
}

function submitOperation({ client, metrics }: JobParts): Operation {
  return {
    id: "submitJob",
    method: "POST",
    path: "/v1/jobs",
    summary: "Has a job done.",
    description: "It is stored when this answers. Whoever hears no answer submits it again under the same id: it is done once.",
    access: "token",
    headers: { "idempotency-key": { type: "string", description: "The id of the job, as the body may have it; with quotes or without." } },
    body: jobSubmission,
    answers: {
      200: { description: "It was submitted before.", schema: ref("Job"), headers: location },
      201: { description: "It is new.", schema: ref("Job"), headers: location },
    },
    problems: [...ofDesks, "forbidden", "job-conflict", "body-too-large", "unsupported-media-type", "cluster-full"],
    async handle({ request, reply, token }) {
      const { kind = "run", what, input = null, ...body } = request.body as Submission;
      const id = idOf(body.id, request.headers["idempotency-key"]);
      checkSubmission({ id, kind, input }, token);
      const { job, isNew } = await client.submit({ id, kind, what, input });
      metrics.submitted(isNew);
      void reply.code(isNew ? 201 : 200).header("location", `/v1/jobs/${id}`);
      return job;
    },
  };
}

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ : a text in quotes. Many send it without. */
function idOf(own: string | undefined, header: string | readonly string[] | undefined): string {
  const key = typeof header === "string" ? header.replace(/^"(.*)"$/, "$1") : undefined;
  const id = own ?? key;
  if (id === undefined)
    throw new Problem(
      "invalid-request",
      "a job needs an id, so that it can be submitted again: write `id` in the body, or send the header Idempotency-Key",
    );
  if (key !== undefined && key !== id)
    throw new Problem("invalid-request", "the body and the header Idempotency-Key have different ids; send one of them");
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id))
    throw new Problem("invalid-request", "an id is 1 to 64 letters, digits, _ and -; choose another one");
  return id;
}

function checkSubmission({ id, kind, input }: Pick<JobRequest, "id" | "kind" | "input">, token: Token): void {
  if (!mayReach(token, id)) throw new Problem("forbidden", `the ids of ${token.name} begin with ${token.ids}; choose such a one`);
  if (kind !== "run") return;
  const { repository } = readRunInput(input);
  // Its check is a command that a node runs, and its path one of the node's own.
  if (repository !== undefined && !isOperator(token))
    throw new Problem("forbidden", `${token.name} may not have work done on repositories of the nodes; ask whoever runs the cluster`);
}

function listOperation({ client }: JobParts): Operation {
  return {
    id: "listJobs",
    method: "GET",
    path: "/v1/jobs",
    summary: "Lists jobs, the newest first.",
    description: "Those under way, and of those that have ended as many as the cluster remembers.",
    access: "token",
    query: {
      limit: { type: "integer", minimum: 1, maximum: 200, default: 50 },
      cursor: { type: "string", maxLength: 100, description: "The `next` of the page before." },
      status: jobStatus,
    },
    answers: { 200: { description: "A page of them.", schema: ref("JobList") } },
    problems: ofDesks,
    async handle({ request, token }) {
      const { limit, cursor, status } = request.query as { readonly limit: number; readonly cursor?: string; readonly status?: string };
      const jobs = (await client.list()).filter((job) => mayReach(token, job.id) && (status === undefined || job.status === status));
      return pageOf(jobs, { limit, cursor });
    },
  };
}

function getOperation({ client }: JobParts): Operation {
  return {
    id: "getJob",
    method: "GET",
    path: jobPath,
    summary: "Tells what became of a job.",
    access: "token",
    params,
    answers: { 200: { description: "As it is now.", schema: ref("Job") } },
    problems: [...ofDesks, "job-not-found"],
    async handle(call) {
      const id = reachableId(call);
      const job = await client.get(id);
      if (job === undefined) throw jobNotFound(id);
      return job;
    },
  };
}

function cancelOperation({ client }: JobParts): Operation {
  return {
    id: "cancelJob",
    method: "DELETE",
    path: jobPath,
    summary: "Ends a job in order, soon.",
    access: "token",
    params,
    answers: {
      200: { description: "It is over already.", schema: ref("Job") },
      202: { description: "It is being ended; it may still be done before that.", schema: ref("Job") },
    },
    problems: [...ofDesks, "job-not-found"],
    async handle(call) {
      const id = reachableId(call);
      const job = await client.cancel(id);
      if (job === undefined) throw jobNotFound(id);
      void call.reply.code(job.status === "running" ? 202 : 200);
      return job;
    },
  };
}

function eventsOperation(parts: JobParts): Operation {
  return {
    id: "followJob",
    method: "GET",
    path: "/v1/jobs/:id/events",
    summary: "Tells what happens in a job, from any position on, until it is over.",
    description:
      "Server-sent events. `news`: what one stored turn of a run says, with its position as the id. `end`: the job is over; its data are those of the job without its input; close the stream then. `problem`: a problem document; nothing more comes. Comments come while nothing happens. A stream that ends without `end` is to be opened again, with the header Last-Event-ID.",
    access: "token",
    params,
    query: {
      after: {
        type: "integer",
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "As Last-Event-ID, for whoever can send no header.",
      },
    },
    headers: { "last-event-id": { type: "string", description: "The id of the last event that was seen; it goes on behind it." } },
    answers: { 200: { description: "The stream.", type: "text/event-stream", schema: { type: "string" } } },
    problems: [...ofDesks, "job-not-found", "too-many-streams"],
    async handle(call) {
      const id = reachableId(call);
      const after = positionOf(call);
      if ((await parts.client.get(id)) === undefined) throw jobNotFound(id);
      return openStream(call, { id, after }, parts);
    },
  };
}

function openStream(
  { request, reply, token }: Call,
  { id, after }: { readonly id: string; readonly after: number },
  parts: JobParts,
): Readable {
  const { signal, close } = parts.streams.open(token);
  const { socket } = request.raw;
  reply.raw.once("close", close);
  // Whoever takes nothing for so long is cut off: what is written to him moves the time on only when he takes it.
  socket.setTimeout(4 * parts.limits.heartbeatMs, () => socket.destroy());
  void reply.headers({ "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no", connection: "close" });
  return Readable.from(eventStream({ id, after, requestId: request.id }, { ...parts, signal }));
}

function positionOf({ request }: Call): number {
  const { after = 0 } = request.query as { readonly after?: number };
  const last = request.headers["last-event-id"];
  if (last === undefined || last === "") return after;
  if (typeof last === "string" && /^\d{1,15}$/.test(last)) return Number(last);
  throw new Problem("invalid-request", "Last-Event-ID: not an id of our events; send that of the last one, or none for the beginning");
}

/** The id in the path. Of a job that the token does not reach not even that it exists is told. */
function reachableId({ request, token }: Call): string {
  const { id } = request.params as { readonly id: string };
  if (!mayReach(token, id)) throw jobNotFound(id);
  return id;
}
