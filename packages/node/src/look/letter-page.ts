import type { Address, DeadLetterReason, Endpoint } from "@orgtree/core";
import { inspect } from "node:util";
import type { LetterBook, LostLetter } from "./letter-book.ts";

/** A lost message, for people. */
export interface LetterRow {
  /** Among those of its node. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly reason: DeadLetterReason;
  readonly partition: Endpoint;
  /** The run in which it was lost. */
  readonly run: string | undefined;
  readonly to: Address;
  /** Undefined when it came from outside. */
  readonly from: Address | undefined;
  readonly isQuestion: boolean;
  readonly trace: string;
  /** As text, shortened. */
  readonly message: string;
}

/** What was lost at a node since it started. */
export interface LetterPage {
  readonly counts: Readonly<Partial<Record<DeadLetterReason, number>>>;
  /** The newest, newest first. */
  readonly letters: readonly LetterRow[];
}

/** What came of sending a message again. */
export type Retried =
  | { readonly outcome: "answered"; readonly answer: string }
  /** It was told, and not lost again within a second. */
  | { readonly outcome: "sent" }
  | { readonly outcome: "lost"; readonly reason: DeadLetterReason }
  | { readonly outcome: "refused"; readonly problem: string };

const mostLetters = 1_000;
/** Characters of a message in a list, and of one that is asked for. */
const inList = 200;
const alone = 20_000;

/** The newest, as many as are asked for and fit into a message. */
export function letterPage(book: LetterBook, limit: number, maxBytes: number): LetterPage {
  const letters: LetterRow[] = [];
  let left = maxBytes;
  for (const letter of book.list(Math.min(limit, mostLetters))) {
    const row = letterRow(letter, inList);
    left -= Buffer.byteLength(JSON.stringify(row)) + 1;
    if (left < 0) break;
    letters.push(row);
  }
  return { counts: book.counts(), letters };
}

/** One, with its whole message, unless that is long. */
export function wholeLetter(letter: LostLetter): LetterRow {
  return letterRow(letter, alone);
}

function letterRow({ id, partition, run, letter }: LostLetter, longest: number): LetterRow {
  const { reason, atMs, envelope } = letter;
  const { to, from, trace, replyTo, message } = envelope;
  return { id, atMs, reason, partition, run, to, from, trace, isQuestion: replyTo !== undefined, message: valueText(message, longest) };
}

/** A value as text of at most so many characters, whatever it is. */
export function valueText(value: unknown, longest: number): string {
  const options = { depth: 8, breakLength: Infinity, maxStringLength: longest, maxArrayLength: 1_000 };
  const text = typeof value === "string" ? value : inspect(value, options);
  return text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}…`;
}
