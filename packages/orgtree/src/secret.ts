import { makeSecret, type Secret } from "@orgtree/core";
import { readFileSync } from "node:fs";

/**
 * A handle of what the variable NAME of the environment has, or the file that NAME_FILE names. It is the text `secret:NAME`, wherever it comes: in a state,
 * a message, a journal, a log. `reveal` looks it up, at the moment when it is used: in the body of a tool, for example. A model takes the handle
 * as its `apiKey`.
 *
 * What has been revealed is put back to the handle wherever it turns up again in what orgtree stores, sends and logs: in the output of a tool, in an error.
 * That is for accidents. A text of less than 8 characters is not looked for, and one that somebody has encoded is not found.
 *
 * @example
 * const token = secret("GITHUB_TOKEN");
 * const answer = await fetch(url, { headers: { authorization: `Bearer ${reveal(token)}` } });
 */
export function secret(name: string): Secret {
  return makeSecret(name, () => {
    const file = process.env[`${name}_FILE`];
    return process.env[name] ?? (file === undefined ? undefined : fromFile(file));
  });
}

function fromFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trimEnd();
  } catch {
    return undefined;
  }
}
