import { isUtf8 } from "node:buffer";
import { FileNameError } from "./errors.ts";

/** The entries of git's `-z` output, to be looked at: what is not UTF-8 in them is replaced. */
export function splitNul(output: Buffer): string[] {
  return entriesOf(output.toString("utf8"));
}

/** The same for paths that are to be opened. Throws `FileNameError` for one that is not UTF-8, which Node could not open by a text. */
export function splitPaths(output: Buffer): string[] {
  if (isUtf8(output)) return splitNul(output);
  const bad = splitBytes(output).find((entry) => !isUtf8(Buffer.from(entry, "latin1")));
  throw new FileNameError(describeName(bad ?? ""));
}

/** The same for git to read again, byte for byte as latin1. */
export function splitBytes(output: Buffer): string[] {
  return entriesOf(output.toString("latin1"));
}

/** A name of bytes, as latin1, in ASCII. */
export function describeName(bytes: string): string {
  return bytes.replaceAll(/[^ -~]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

function entriesOf(output: string): string[] {
  return output.split("\0").filter((entry) => entry !== "");
}
