/**
 * Runs seeds against a product in which a mistake was planted, until one fails. The sources are changed as they are loaded, in
 * this process only. Prints what was found as a line of JSON.
 */
import { registerHooks } from "node:module";
import { mutants, plant } from "./mutants.ts";

Error.stackTraceLimit = 0;
const [name, seeds = "300"] = process.argv.slice(2);
const mutant = mutants.find((each) => each.name === name);
if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);
let isPlanted = false;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/packages/${mutant.file}`)) return loaded;
    isPlanted = true;
    return { ...loaded, source: plant(mutant, Buffer.from(loaded.source as Uint8Array).toString()) };
  },
});

const { checkPlan } = await import("./check-seed.ts");
const { makeNarrowPlan, makePlan } = await import("./make-plan.ts");
const planOf = mutant.isNarrow === true ? makeNarrowPlan : makePlan;
if (!isPlanted) throw new Error(`${mutant.file} was never loaded`);
process.on("unhandledRejection", () => {}); // What a mutant breaks it may break badly; the invariants say so.

let seed = 0;
let found: { readonly invariant: string; readonly problem: string } | undefined;
for (; seed < Number(seeds) && found === undefined; seed++) {
  try {
    found = (await checkPlan(planOf(seed))).violation;
  } catch (error) {
    found = { invariant: "a run comes to its end", problem: String(error) };
  }
}
console.log(JSON.stringify({ name, seed: seed - 1, found }));
