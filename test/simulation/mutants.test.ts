import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { mutants, plant } from "./mutants.ts";

test.each(mutants)("The product still has where to plant: $name", async (mutant) => {
  const source = await readFile(new URL(`../../packages/${mutant.file}`, import.meta.url), "utf8");
  expect(plant(mutant, source)).not.toBe(source);
});
