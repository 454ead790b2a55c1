import { openaiModel, type Logger, type ModelClient } from "orgtree";
import { valueOf, type CommandInput } from "./command.ts";
import type { Surroundings } from "./surroundings.ts";

/** The model when neither `--model` nor OPENAI_MODEL names one. */
export const defaultModel = "gpt-5-mini";

/**
 * The model that the command line and the environment name; undefined when there is neither a key nor a server that is
 * named on the command line, which may need none. It tries failed calls again by itself.
 */
export function chooseModel(
  input: CommandInput,
  { environment, clock, random }: Surroundings,
  logger: Logger | undefined,
): ModelClient | undefined {
  const named = valueOf(input, "base-url");
  const apiKey = notEmpty(environment.OPENAI_API_KEY) ?? (named === undefined ? undefined : "none");
  if (apiKey === undefined) return undefined;
  const baseURL = named ?? notEmpty(environment.OPENAI_BASE_URL);
  const model = valueOf(input, "model") ?? notEmpty(environment.OPENAI_MODEL) ?? defaultModel;
  return openaiModel({ apiKey, baseURL, model, clock, random, logger });
}

function notEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
