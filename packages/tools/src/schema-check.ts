import type { StandardSchemaV1 } from "@standard-schema/spec";

const maxIssues = 20;
const maxIssueLength = 300;

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
