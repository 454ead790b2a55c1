/** Why a request was not done, as a document: https://www.rfc-editor.org/rfc/rfc9457 */
import { ExpectedError } from "@orgtree/core";

/** Every kind of problem: its status, and its title. The names are stable. */
export const problems = {
  "invalid-request": { status: 400, title: "The request cannot be read" },
  unauthorized: { status: 401, title: "A token is needed" },
  forbidden: { status: 403, title: "The token does not permit this" },
  "not-found": { status: 404, title: "There is no such resource" },
  "job-not-found": { status: 404, title: "There is no such job" },
  "job-conflict": { status: 409, title: "Another job has this id" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body is not JSON" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  "too-many-streams": { status: 429, title: "Too many streams are open" },
  internal: { status: 500, title: "The gateway made a mistake" },
  "cluster-full": { status: 503, title: "The cluster has no room for the job" },
  unavailable: { status: 503, title: "The cluster cannot be reached" },
  closing: { status: 503, title: "The gateway is closing" },
} as const;

/** The name of a kind of problem. */
export type ProblemName = keyof typeof problems;

/** The statuses of problems. */
export type ProblemStatus = (typeof problems)[ProblemName]["status"];

/** What is sent. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What is wrong with this request, and the remedy. */
  readonly detail: string;
  /** By which the log knows it. */
  readonly requestId: string;
}

/** A request that is not done. */
export class Problem extends ExpectedError {
  override readonly name = "Problem";
  readonly retryable: boolean;
  readonly kind: ProblemName;
  /** Seconds until it may be tried again. */
  readonly retryAfterS: number | undefined;

  constructor(kind: ProblemName, message: string, options: ErrorOptions & { readonly retryAfterS?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.retryAfterS = options.retryAfterS;
    this.retryable = options.retryAfterS !== undefined;
  }

  get status(): ProblemStatus {
    return problems[this.kind].status;
  }

  document(requestId: string): ProblemDocument {
    const { status, title } = problems[this.kind];
    return { type: typeOf(this.kind), title, status, detail: this.message, requestId };
  }
}

/** The stable type of a problem. */
export function typeOf(kind: ProblemName): string {
  return `urn:orgtree:problem:${kind}`;
}

/** What an error means to whoever made the request. Nothing of an unexpected one is told. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof Error)) return internal(error);
  const { name, message } = error;
  const statusCode = (error as { readonly statusCode?: unknown }).statusCode;
  switch (name) {
    case "SpecError":
    case "AddressError":
    case "NotStorableError":
      return new Problem("invalid-request", message, { cause: error });
    case "MessageRefusedError":
      return (error as { readonly reason?: string }).reason === "oversized"
        ? new Problem("body-too-large", `${message}: send less, or where the nodes find it`, { cause: error })
        : new Problem("invalid-request", message, { cause: error });
    case "JobConflictError":
      return new Problem("job-conflict", message, { cause: error });
    case "DeskFullError":
    case "MailboxFullError":
      return new Problem("cluster-full", message, { cause: error, retryAfterS: 5 });
    default:
      if (error instanceof ExpectedError) return error.retryable ? unavailable(error) : internal(error);
      return typeof statusCode === "number" && statusCode >= 400 && statusCode < 500 ? ofServer(error, statusCode) : internal(error);
  }
}

function unavailable(error: Error): Problem {
  return new Problem("unavailable", error.message, { cause: error, retryAfterS: 2 });
}

function internal(cause: unknown): Problem {
  return new Problem("internal", "it is in the gateway's log under this request id; tell whoever runs it", { cause });
}

/** What the HTTP server itself has refused. */
function ofServer(error: Error, statusCode: number): Problem {
  const detail = lowerFirst(error.message);
  if (statusCode === 413) return new Problem("body-too-large", `${detail}: send less, or where the nodes find it`, { cause: error });
  if (statusCode === 415)
    return new Problem("unsupported-media-type", "send JSON, with the header content-type: application/json", { cause: error });
  if (statusCode === 404) return new Problem("not-found", "see /openapi.json for what there is", { cause: error });
  return new Problem("invalid-request", `${detail}; see /openapi.json`, { cause: error });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
