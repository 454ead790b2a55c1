import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { plant } from "../simulation/mutants.ts";
import { chaosMutants } from "./mutants.ts";

test.each(chaosMutants)("The product still has where to plant: $name", async (mutant) => {
  const source = await readFile(new URL(`../../packages/${mutant.file}`, import.meta.url), "utf8");
  expect(plant(mutant, source)).not.toBe(source);
});
