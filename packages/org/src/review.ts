import { accepted, malformed, structuredDeliverable, type Deliverable } from "./deliverable.ts";

/** What a critic says of a plan before it is admitted. */
export interface Review {
  readonly objections: readonly Objection[];
}

/** A way in which the plan will fail. A blocking one keeps it from being admitted. */
export interface Objection {
  readonly risk: string;
  readonly blocking: boolean;
}

/** A review as a deliverable. */
export const reviewDeliverable: Deliverable = structuredDeliverable(
  "Hand in your review: the ways in which this plan may fail. An empty list admits it.",
  {
    type: "object",
    properties: {
      objections: {
        type: "array",
        items: {
          type: "object",
          properties: { risk: { type: "string" }, blocking: { type: "boolean" } },
          required: ["risk", "blocking"],
          additionalProperties: false,
        },
      },
    },
    required: ["objections"],
    additionalProperties: false,
  },
  (value) => {
    const { objections } = (value ?? {}) as { objections?: unknown };
    if (!Array.isArray(objections)) return malformed("objections must be a list");
    const isObjection = (each: unknown): each is Objection =>
      typeof (each as Objection | null)?.risk === "string" && typeof (each as Objection | null)?.blocking === "boolean";
    if (!objections.every(isObjection)) return malformed("each objection needs risk, a text, and blocking, true or false");
    return accepted({ objections: objections.map(({ risk, blocking }) => ({ risk, blocking })) } satisfies Review);
  },
);
