import { countOf } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { span, type Line, type Tone } from "../text/styled-line.ts";

/** Lines of a patch that are shown when a file holds all of it. */
const shownLines = 120;

/** A patch as it is shown; `file` holds all of it, where there is one. */
export function patchLines(patch: string, file: string | undefined): readonly Line[] {
  const lines = patch.trimEnd().split("\n");
  const most = file === undefined ? Infinity : shownLines;
  const shown = lines.slice(0, most).map((line): Line => [span(cleanLine(abbreviate(line)), toneOf(line))]);
  return lines.length <= most ? shown : [...shown, [span(`… ${countOf(lines.length - most, "more line")} in ${file}`, "dim")]];
}

/** The ids of the files' contents, as short as git shows them. */
function abbreviate(line: string): string {
  return line.startsWith("index ") ? line.replaceAll(/\b([0-9a-f]{7})[0-9a-f]{33}\b/g, "$1") : line;
}

function toneOf(line: string): Tone {
  if (/^(diff|index|---|\+\+\+|new file|deleted file|similarity|rename|old mode|new mode) ?/.test(line)) return "dim";
  if (line.startsWith("+")) return "good";
  if (line.startsWith("-")) return "bad";
  return line.startsWith("@@") ? "accent" : "plain";
}

/** Blanks count in a patch; control characters do not, on a screen. */
function cleanLine(line: string): string {
  const [indent = ""] = /^[+\- ]?\s*/.exec(line) ?? [];
  return indent.replaceAll("\t", "    ").replaceAll("\r", "") + cleanInside(line.slice(indent.length));
}

function cleanInside(text: string): string {
  return text.split(" ").map(cleanText).join(" ");
}
