import type { FastifyReply, FastifyRequest } from "fastify";
import type { ProblemName } from "./problem.ts";
import type { Schema } from "./schemas.ts";
import type { Token } from "./tokens.ts";

/** What can be asked of the gateway, written once: it is served, validated and documented from this. */
export interface Operation {
  /** Of the operation, in the document. */
  readonly id: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** With parameters as `:id`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly params?: Parameters;
  readonly query?: Parameters;
  /** In lower case. */
  readonly headers?: Parameters;
  readonly body?: Schema;
  readonly answers: Readonly<Record<number, AnswerText>>;
  /** What may go wrong, beyond what may always. */
  readonly problems: readonly ProblemName[];
  /** Gives what is sent: text as it is, a stream, or a value as JSON. */
  readonly handle: (call: Call) => Promise<unknown>;
}

/** Who may: everybody, who has a token, or who has one that reaches everything. */
export type Access = "everybody" | "token" | "operator";

/** Parameters by name, none of them required but those of a path. */
export type Parameters = Readonly<Record<string, Schema>>;

/** An answer, as it is documented. */
export interface AnswerText {
  readonly description: string;
  /** Default: `application/json`. */
  readonly type?: string;
  readonly schema: Schema;
  readonly headers?: Parameters;
}

/** One request. */
export interface Call {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Throws where the operation is open to everybody. */
  readonly token: Token;
}
