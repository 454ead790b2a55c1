import { PermissionViolationError } from "@nats-io/transport-node";
import { NatsError } from "./nats-error.ts";

/** What of a thrown error says that this user may not do it; undefined where it is something else. */
export function violationIn(error: unknown): PermissionViolationError | undefined {
  if (error instanceof PermissionViolationError) return error;
  return error instanceof Error && error.cause !== undefined ? violationIn(error.cause) : undefined;
}

/** What is said of it, with the remedy. */
export function forbiddenText({ operation, subject }: Pick<PermissionViolationError, "operation" | "subject">): string {
  return `this user may not ${operation === "publish" ? "publish" : "subscribe"} to ${subject}: allow it in the permissions of the server`;
}

/** Throws `NatsError` where the server did not take a subscription. */
export function checkSubscribed(error: unknown): void {
  const violation = violationIn(error);
  if (violation !== undefined) throw new NatsError("not-permitted", forbiddenText(violation), violation);
}
