/**
 * Placement: what the system of a supervisor and that of a child elsewhere tell each other.
 *
 * Each tells the other how things stand, whole, whenever that changes and whenever their connection is renewed; never what has happened.
 * So nothing has to be acknowledged, repeated or compared with a journal: whoever hears the same twice has heard nothing new, and
 * whoever comes after a lost process hears all there is.
 *
 * Rules
 *   P1. A life is known by its birth, the number of the decision by which it began. An order with an older one is of a supervisor that
 *       was replaced, news with another one are of a life that was: neither counts.
 *   P2. An order with a newer birth ends whoever still lives there.
 *   P3. A life that was up and is found nowhere is lost, and not begun anew: what becomes of it decides its supervisor.
 *   P4. A place is the child's system's until its supervisor gives it up; a supervisor that comes up gives up what it does not know.
 */
import { checkExit, readFailure, type Address, type Amount, type CheckedChildSpec, type Exit, type Failure } from "@orgtree/core";
import type { Ending } from "../actor/supervisor-link.ts";

/**
 * What is to become of a child. `run`: it lives. `stop`: it ends in order. `end`: it waits for a directive, and is to end with its failure.
 * `forget`: it ends at once, and the place is given up; `drop`: for good.
 */
export type Want = (typeof wants)[number];

const wants = ["run", "stop", "end", "forget", "drop"] as const;

/** How a supervisor wants it to be. */
export interface Order {
  readonly type: "order";
  readonly address: Address;
  readonly birth: number;
  readonly want: Want;
  /** Its supervisor has heard that it is up (P3). */
  readonly isUp: boolean;
  /** The failure from which it may go on, as it was told. */
  readonly resumed: string | undefined;
  /** With `run`. */
  readonly terms: Terms | undefined;
}

/** What a child elsewhere is started with: all of its specification but the logic, which is code. */
export interface Terms {
  readonly spec: Omit<CheckedChildSpec, "logic" | "type">;
  /** What its system is to know of the tree, to find the logic. */
  readonly about: unknown;
  /** Of the plan that it follows from. */
  readonly planVersion: number | undefined;
  /** What is known to have been spent at its place: nobody who lives there has spent less. */
  readonly spent: Amount;
}

/** How it is. */
export interface News {
  readonly type: "news";
  readonly address: Address;
  readonly birth: number;
  readonly incarnation: number;
  /** It came up. */
  readonly isUp: boolean;
  /** What its initial step gave back. */
  readonly info: unknown;
  /** It waits for a directive. */
  readonly suspended: Suspended | undefined;
  readonly end: PlaceEnd | undefined;
  /** All that was spent there and below, in all lives. */
  readonly spent: Amount;
}

/** How a life failed that may be resumed, and the number of the failure. */
export interface Suspended {
  readonly number: string;
  readonly failure: Failure;
}

/** How a life has ended; `gone`: nobody lives there, and the place is given up. */
export type PlaceEnd =
  | { readonly kind: Exclude<Ending, "start-failed">; readonly exit: Exit }
  /** `isParked`: what is stored of it cannot be gone on with, and stays. */
  | { readonly kind: "start-failed"; readonly failure: Failure; readonly isParked: boolean }
  | { readonly kind: "gone" };

/** Reads the fields of an order; undefined where they are none. */
export function readOrder([address, birth, number, isUp, resumed, terms]: readonly unknown[]): Order | undefined {
  const want = wants[number as number];
  if (typeof address !== "string" || !address.startsWith("/") || typeof birth !== "number" || want === undefined) return undefined;
  if (typeof isUp !== "boolean" || (resumed !== undefined && typeof resumed !== "string")) return undefined;
  if (want === "run" && !isTerms(terms as Partial<Terms> | undefined)) return undefined;
  return { type: "order", address: address as Address, birth, want, isUp, resumed, terms: terms as Terms | undefined };
}

/** The fields of an order. */
export function writeOrder({ address, birth, want, isUp, resumed, terms }: Order): readonly unknown[] {
  return [address, birth, wants.indexOf(want), isUp, resumed, terms];
}

/** Reads the fields of news; undefined where they are none. */
export function readNews([address, birth, incarnation, isUp, info, suspended, end, spent]: readonly unknown[]): News | undefined {
  if (typeof address !== "string" || !address.startsWith("/") || typeof birth !== "number" || typeof isUp !== "boolean") return undefined;
  if (typeof incarnation !== "number") return undefined;
  if (!isAmount(spent as Partial<Amount> | undefined)) return undefined;
  return {
    type: "news",
    address: address as Address,
    birth,
    incarnation,
    isUp,
    info,
    suspended: suspended === undefined ? undefined : readSuspended(suspended),
    end: end === undefined ? undefined : readEnd(end),
    spent: spent as Amount,
  };
}

/** The fields of news. */
export function writeNews({ address, birth, incarnation, isUp, info, suspended, end, spent }: News): readonly unknown[] {
  return [address, birth, incarnation, isUp, info, suspended, end, spent];
}

function readSuspended(value: unknown): Suspended {
  const { number, failure } = (value ?? {}) as Partial<Suspended>;
  if (typeof number !== "string") throw new TypeError("a failure has a number");
  return { number, failure: readFailure(failure) };
}

/** Throws `TypeError` for what is none. */
function readEnd(value: unknown): PlaceEnd {
  const { kind, exit, failure, isParked } = (value ?? {}) as Record<string, unknown>;
  switch (kind) {
    case "exited":
    case "start-ignored":
      return { kind, exit: checkExit(exit as Exit) };
    case "start-failed":
      return { kind, failure: readFailure(failure), isParked: isParked === true };
    case "gone":
      return { kind };
    default:
      throw new TypeError("it is no end of a life");
  }
}

function isTerms(terms: Partial<Terms> | undefined): boolean {
  return typeof terms?.spec === "object" && isAmount(terms.spent);
}

function isAmount(amount: Partial<Amount> | undefined): boolean {
  return isCost(amount?.turns) && isCost(amount.tokens) && isCost(amount.microUsd);
}

function isCost(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}
