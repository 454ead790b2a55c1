import {
  checkChildOf,
  checkSupervisorSpec,
  childAddress,
  ExpectedError,
  idOf,
  SupervisorCallError,
  toFailure,
  type Address,
  type ChildSpec,
  type Supervision,
  type SupervisorCall,
} from "@orgtree/core";
import type { Mail } from "../actor/mail.ts";
import { checkRollback } from "./answers.ts";
import { typeOfLogic, type Logic } from "../logic.ts";
import type { SupervisorMessage } from "./supervisor.ts";

/**
 * Reads a message to a supervisor as a call; gives back the error for the caller when it is none, or its spec is bad.
 *
 * Never throws: a message from a stranger, however odd, must not end a supervisor, and above all not the root.
 */
export function readCall(
  supervision: Supervision<Logic>,
  { message, from }: Pick<Mail, "message" | "from">,
  hasJournal: boolean,
): SupervisorCall<Logic> | Error {
  try {
    return checked(read(supervision, message as SupervisorMessage, from), hasJournal);
  } catch (error) {
    if (error instanceof ExpectedError) return error;
    return new SupervisorCallError("bad-spec", supervision.address, `a supervisor cannot read this message: ${toFailure(error).message}`);
  }
}

function checked(call: SupervisorCall<Logic>, hasJournal: boolean): SupervisorCall<Logic> {
  if (call.kind === "start-child") checkRollback(call.spec, "spec", hasJournal);
  else if (call.kind === "change-spec") checkRollback(call.spec.template, "spec.template", hasJournal);
  return call;
}

function read(supervision: Supervision<Logic>, message: SupervisorMessage, from: Address | undefined): SupervisorCall<Logic> {
  const type = (message as { type?: unknown } | null)?.type;
  switch (message?.type) {
    case "start-child":
      return {
        kind: "start-child",
        spec: checkChildOf(supervision.spec, wholeSpec(supervision, message.spec), { field: "spec", typeOf: typeOfLogic }),
        isFresh: supervision.isRoot && message.fresh === true,
      };
    case "terminate-child":
    case "restart-child":
    case "delete-child":
    case "get-child-spec":
      return { kind: message.type, id: childId(supervision, message.id) };
    case "rollback-child":
      return { kind: "rollback-child", id: childId(supervision, message.id), to: message.to, from };
    case "list-children":
    case "count-children":
      return { kind: message.type };
    case "change-spec":
      return { kind: "change-spec", spec: checkSupervisorSpec(message.spec, supervision.address, typeOfLogic) };
    default:
      message satisfies never;
      throw new SupervisorCallError(
        "bad-spec",
        supervision.address,
        `a supervisor does not understand a message ${typeof type === "string" ? `of type ${JSON.stringify(type)}` : "without a type"}`,
      );
  }
}

/** Fills in what a dynamic supervisor's template gives, and an id where there is none. */
function wholeSpec(supervision: Supervision<Logic>, part: (SupervisorMessage & { type: "start-child" })["spec"]): ChildSpec<Logic> {
  if (supervision.spec.strategy !== "dynamic" || typeof part !== "object" || part === null) return part as ChildSpec<Logic>;
  const id = part.id ?? freeId(supervision);
  return { ...supervision.spec.template, ...part, id } as ChildSpec<Logic>;
}

function freeId(supervision: Supervision<Logic>): string {
  while (supervision.table.has(`child-${supervision.nextId}`)) supervision.nextId++;
  return `child-${supervision.nextId++}`;
}

/** A child is named by its id or by its address; an address elsewhere is no child of this supervisor. */
function childId(supervision: Supervision<Logic>, name: string): string {
  if (typeof name !== "string")
    throw new SupervisorCallError("not-found", supervision.address, `a child is named by a text, not by a ${typeof name}`);
  if (!name.startsWith("/")) return name;
  const id = idOf(name as Address);
  return childAddress(supervision.address, id) === name ? id : name;
}
