import { APIError } from "openai/error";

/** How a server wants to be spoken to, where compatible servers differ and silence would cost: limits and counts. */
export interface ServerDialect {
  /**
   * The field of the answer's limit. OpenAI's reasoning models refuse the old `max_tokens`; many other servers know nothing
   * else and ignore the new one in silence, which would let an answer outgrow its reservation.
   */
  readonly limitField: "max_completion_tokens" | "max_tokens";
  /** Whether the stream may be asked for its usage (`stream_options.include_usage`). */
  readonly asksUsage: boolean;
  /** What was learnt already; nothing is unlearnt, so that two refusals cannot chase each other. */
  readonly learnt: readonly string[];
}

/** The address used when none is given. */
export const officialBaseURL = "https://api.openai.com/v1";

/** The first guess, before the server said anything. */
export function guessDialect(baseURL: string): ServerDialect {
  const isOfficial = new URL(baseURL).hostname.endsWith(".openai.com");
  return { limitField: isOfficial ? "max_completion_tokens" : "max_tokens", asksUsage: true, learnt: [] };
}

/** The dialect to try next after a server refused a request because of a field that it does not know; otherwise nothing. */
export function learnDialect(dialect: ServerDialect, thrown: unknown): ServerDialect | undefined {
  if (!(thrown instanceof APIError) || (thrown.status !== 400 && thrown.status !== 422)) return undefined;
  const text = `${thrown.message} ${JSON.stringify(thrown.error ?? "")}`;
  if (!refusesField.test(text)) return undefined;
  if (text.includes("stream_options") && dialect.asksUsage) return learn(dialect, "stream_options", { asksUsage: false });
  const { limitField } = dialect;
  if (!text.includes(limitField) || dialect.learnt.includes("limit")) return undefined;
  return learn(dialect, "limit", { limitField: limitField === "max_tokens" ? "max_completion_tokens" : "max_tokens" });
}

const refusesField = /unsupported|not supported|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra (inputs|fields)/i;

function learn(dialect: ServerDialect, what: string, change: Partial<ServerDialect>): ServerDialect {
  return { ...dialect, ...change, learnt: [...dialect.learnt, what] };
}
