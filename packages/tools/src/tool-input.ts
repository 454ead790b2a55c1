import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ToolError } from "@orgtree/core";

/** Longest arguments a model may send, in characters: far more than a model writes in one answer. */
export const maxArgumentsLength = 4 * 1024 * 1024;

const maxIssues = 20;
const maxIssueLength = 300;

/**
 * The value of a tool call's arguments: JSON text that a model wrote, so anything at all.
 *
 * An empty text counts as `{}`, since models send it for tools without arguments. `__proto__` keys are dropped. Whether the value
 * fits the tool is for the tool's schema to say. Throws `ToolError` `invalid-input`; `tool` is only named in the message.
 */
export function parseToolInput(argumentsJson: string, tool = "tool"): unknown {
  if (argumentsJson.length > maxArgumentsLength) {
    const message = `the arguments have ${argumentsJson.length} characters, more than the ${maxArgumentsLength} allowed`;
    throw new ToolError(tool, "invalid-input", { message });
  }
  if (argumentsJson.trim() === "") return {};
  try {
    // A reviver sees keys after their escapes are resolved, which a search through the text would not.
    return JSON.parse(argumentsJson, (key, value: unknown) => (key === "__proto__" ? undefined : value)) as unknown;
  } catch (cause) {
    // RangeError: nested so deeply that the parser gave up.
    const why = cause instanceof SyntaxError ? cause.message : "nested too deeply";
    throw new ToolError(tool, "invalid-input", { message: `the arguments are not valid JSON: ${clip(why)}`, cause });
  }
}

/** The value if the schema accepts it, as the schema gives it back; else what is wrong with it, one readable line for each issue. */
export async function validate<T>(
  schema: StandardSchemaV1<unknown, T>,
  value: unknown,
): Promise<{ readonly value: T } | { readonly problem: string }> {
  const result = await schema["~standard"].validate(value);
  return result.issues ? { problem: describeIssues(result.issues) } : { value: result.value };
}

function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  const lines = issues.slice(0, maxIssues).map((issue) => `- ${describePath(issue.path)}: ${clip(issue.message)}`);
  if (issues.length > maxIssues) lines.push(`- and ${issues.length - maxIssues} more`);
  return lines.join("\n");
}

function describePath(path: StandardSchemaV1.Issue["path"]): string {
  let text = "";
  for (const part of path ?? []) {
    const key = typeof part === "object" ? part.key : part;
    if (typeof key === "number") text += `[${key}]`;
    else text += `${text === "" ? "" : "."}${String(key)}`;
  }
  return text === "" ? "(the whole)" : clip(text);
}

/** One line, not too long: the text may quote what the model sent. */
function clip(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= maxIssueLength ? line : `${line.slice(0, maxIssueLength)}…`;
}
