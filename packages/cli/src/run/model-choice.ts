import { openaiModel, type Logger, type ModelClient } from "orgtree";
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
  const apiKey = notEmpty(environment.OPENAI_API_KEY) ?? (named === undefined ? undefined : "none");
  if (apiKey === undefined) return undefined;
  const baseURL = named ?? notEmpty(environment.OPENAI_BASE_URL);
  const model = valueOf(input, "model") ?? notEmpty(environment.OPENAI_MODEL) ?? defaultModel;
  return openaiModel({ apiKey, baseURL, model, clock, random, logger });
}

/** A script knows one task on one repository, and is its own model. */
function refuseBeside(input: CommandInput): undefined {
  for (const option of ["model", "base-url", "repo", "task"]) {
    if (input.values.has(option))
      throw new UsageError(`--scripted plays what FILE brings along and has no use for --${option}`, "leave out one of them");
  }
  return undefined;
}

function notEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
