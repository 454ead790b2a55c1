import { expect, test } from "vitest";
import { tableLines } from "./table.ts";

test("A table may have as many rows as a journal has actors.", () => {
  const rows = Array.from({ length: 200_000 }, (_, n) => [`/actor-${n}`, ""]);
  const lines = tableLines([{ title: "actor" }, { title: "nothing" }], rows);
  expect(lines).toHaveLength(rows.length + 1);
  expect(lines[1]!.map(({ text }) => text)).toEqual(["  /actor-0     "]);
});
