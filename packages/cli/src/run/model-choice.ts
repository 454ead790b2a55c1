import { makeSecret, openaiModel, type Logger, type ModelClient } from "orgtree";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { defaultModel } from "./default-model.ts";

/**
 * The model that the command line and the environment name; undefined when there is neither a key nor a server that is
 * named on the command line, which may need none, and when the script is asked for. It tries failed calls again by itself.
 */
export function chooseModel(
  input: CommandInput,
  { environment, clock, random }: Surroundings,
  logger: Logger | undefined,
): ModelClient | undefined {
  if (input.flags.has("scripted")) return refuseBeside(input);
  const named = valueOf(input, "base-url");
  const own = notEmpty(environment["OPENAI_API_KEY"]);
  const apiKey = own === undefined ? (named === undefined ? undefined : "none") : makeSecret("OPENAI_API_KEY", () => own);
  if (apiKey === undefined) return undefined;
  const baseURL = named === undefined ? notEmpty(environment["OPENAI_BASE_URL"]) : named.trim();
  checkBaseUrl(baseURL, named === undefined ? "OPENAI_BASE_URL" : "--base-url");
  const model = valueOf(input, "model") ?? notEmpty(environment["OPENAI_MODEL"]) ?? defaultModel;
  return openaiModel({ apiKey, baseURL, model, prices: pricesOf(input), clock, random, logger });
}

/** A script knows one task on one repository, and is its own model. */
function refuseBeside(input: CommandInput): undefined {
  for (const option of ["model", "base-url", "price-in", "price-out", "repo", "task"]) {
    if (input.values.has(option))
      throw new UsageError(`--scripted plays what FILE brings along and has no use for --${option}`, "leave out one of them");
  }
  return undefined;
}

/** `localhost:8080` would be an address too, of the protocol `localhost`. */
function checkBaseUrl(url: string | undefined, from: string): void {
  if (url === undefined || (/^https?:\/\//i.test(url) && URL.canParse(url))) return;
  throw new UsageError(`${from} needs http:// or https://`, `write ${from === "--base-url" ? "--base-url " : `${from}=`}http://${url}`);
}

/** Both or none: with one of them the half of the costs would be taken for all. */
function pricesOf(input: CommandInput): { readonly inputPerMillion: number; readonly outputPerMillion: number } | undefined {
  const [given, other] = ["price-in", "price-out"].filter((option) => input.values.has(option));
  if (given === undefined) return undefined;
  if (other === undefined)
    throw new UsageError(
      `--${given} needs --${given === "price-in" ? "price-out" : "price-in"} too`,
      "give both, in US dollars per million tokens",
    );
  return { inputPerMillion: priceOf(input, "price-in"), outputPerMillion: priceOf(input, "price-out") };
}

function priceOf(input: CommandInput, option: string): number {
  const text = valueOf(input, option)!.trim();
  if (!/^\d*\.?\d+$/.test(text))
    throw new UsageError(`--${option} is no price: ${text}`, "give US dollars per million tokens, such as 0.25");
  return Number(text);
}

function notEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
