import { cleanText, widestOf, widthOf } from "./display-width.ts";
import { clipLine, padText, span, type Line, type Tone } from "./styled-line.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers are on the right. Default left. */
  readonly side?: "left" | "right";
  readonly tone?: Tone;
}

/** Rows under their titles, two blanks between columns; columns in which nothing is are left out. Lines are within `columns`. */
export function tableLines(titles: readonly Column[], rows: readonly (readonly string[])[], columns = Infinity): readonly Line[] {
  const clean = rows.map((row) => row.map(cleanText));
  const shown = titles.flatMap((title, at) => (clean.some((row) => row[at] !== "") ? [{ ...title, at }] : []));
  const widths = new Map(
    shown.map(({ title, at }) => [
      at,
      Math.max(
        widthOf(title),
        widestOf(clean, (row) => row[at]!),
      ),
    ]),
  );
  const line = (cells: (at: number) => string, tone?: Tone): Line =>
    shown.map(({ at, side = "left", tone: own = "plain" }) =>
      span(`  ${padText(cells(at), widths.get(at)!, side === "right" ? "left" : "right")}`, tone ?? own),
    );
  const all = [line((at) => titles[at]!.title, "dim"), ...clean.map((row) => line((at) => row[at]!))];
  return columns === Infinity ? all : all.map((each) => clipLine(each, columns));
}
