/** The shapes of what comes in and goes out, as JSON Schema. What comes in is validated with them; the document shows them all. */

/** A JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

export const jobId: Schema = {
  type: "string",
  pattern: "^[A-Za-z0-9_-]{1,64}$",
  description: "1 to 64 letters, digits, _ and -. Whoever submits a job chooses it: it is the idempotency key.",
};

const jobKind: Schema = {
  enum: ["run", "actor"],
  description: "run: an organization works on a task. actor: an actor lives until it ends.",
};

export const jobStatus: Schema = { enum: ["running", "done", "failed", "cancelled"] };

const workload: Schema = {
  type: "string",
  minLength: 1,
  maxLength: 200,
  description: "The name of an organization, or of an actor, that the nodes know.",
};
const epochMs: Schema = { type: "integer", description: "Milliseconds since 1970." };

/** What is submitted. */
export const jobSubmission: Schema = {
  type: "object",
  required: ["what"],
  additionalProperties: false,
  properties: {
    id: { ...jobId, description: "The id of the job, where there is no header Idempotency-Key. They agree where there are both." },
    kind: { ...jobKind, default: "run" },
    what: workload,
    input: { description: "Of a run { task, repository? }; of an actor whatever it takes. Default null." },
  },
};

const failure: Schema = {
  type: "object",
  required: ["class", "name", "message"],
  description: "Why it failed; cause leads from the top of the tree down to the leaf.",
  properties: {
    class: { type: "string" },
    kind: { type: "string" },
    name: { type: "string" },
    message: { type: "string" },
    address: { type: "string" },
    detail: { type: "object" },
    retryable: { const: true },
    cause: { $ref: "#/components/schemas/Failure" },
  },
};

const summaryProperties = { id: jobId, kind: jobKind, what: workload, status: jobStatus, submittedMs: epochMs, endedMs: epochMs } as const;
const required = ["id", "kind", "what", "status", "submittedMs"];

/** What the document calls by name. */
export const components: Readonly<Record<string, Schema>> = {
  JobSubmission: jobSubmission,
  Job: {
    type: "object",
    required: [...required, "input"],
    additionalProperties: false,
    properties: {
      ...summaryProperties,
      input: { description: "As it was submitted." },
      output: { description: "What it came to. Of a run: its output, the report, and of a repository the patch." },
      failure: { $ref: "#/components/schemas/Failure" },
    },
  },
  JobSummary: { type: "object", required, additionalProperties: false, properties: summaryProperties },
  JobList: {
    type: "object",
    required: ["jobs"],
    additionalProperties: false,
    properties: {
      jobs: { type: "array", items: { $ref: "#/components/schemas/JobSummary" } },
      next: { type: "string", description: "The cursor of the next page. There is none on the last." },
    },
  },
  Failure: failure,
  News: {
    type: "object",
    required: ["position", "atMs", "events", "entries"],
    additionalProperties: false,
    description: "What one stored turn of a run says: the data of an event `news`. Its id is the position.",
    properties: {
      position: { type: "integer" },
      atMs: { type: "number", description: "When it was, in milliseconds since 1970." },
      events: {
        type: "array",
        items: { type: "object", required: ["type"] },
        description: "Lives that began and ended, and what supervisors decided.",
      },
      entries: {
        type: "array",
        items: { type: "object", required: ["kind"] },
        description: "What was done: calls, checks, verdicts, alarms.",
      },
      process: { type: "string", description: "A process of this name begins or goes on: what follows is done by it." },
      isShortened: { const: true, description: "It was too large, and has not all of its texts or of its entries." },
    },
  },
  Problem: {
    type: "object",
    required: ["type", "title", "status", "detail", "requestId"],
    additionalProperties: false,
    description: "https://www.rfc-editor.org/rfc/rfc9457",
    properties: {
      type: { type: "string", pattern: "^urn:orgtree:problem:[a-z-]+$", description: "Stable." },
      title: { type: "string" },
      status: { type: "integer" },
      detail: { type: "string", description: "What is wrong with this request, and the remedy." },
      requestId: { type: "string", description: "By which the log knows it." },
    },
  },
};

/** A component, by its name. */
export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
