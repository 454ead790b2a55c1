/**
 * Runs seeds against a product in which a mistake was planted, until one fails. The sources are changed as they are loaded, in
 * this process only. Prints what was found as a line of JSON.
 */
import { registerHooks } from "node:module";
import { mutants, plant } from "./mutants.ts";

Error.stackTraceLimit = 0;
/** What is wrong with a run. */
interface Found {
  readonly invariant: string;
  readonly problem: string;
}

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

const check = mutant.isCluster === true ? await clusters() : await organizations();
if (!isPlanted) throw new Error(`${mutant.file} was never loaded`);
process.on("unhandledRejection", () => {}); // What a mutant breaks it may break badly; the invariants say so.

let seed = 0;
let found: Found | undefined;
for (; seed < Number(seeds) && found === undefined; seed++) {
  try {
    found = await check(seed);
  } catch (error) {
    found = { invariant: "a run comes to its end", problem: String(error) };
  }
}
console.log(JSON.stringify({ name, seed: seed - 1, found }));

async function organizations(): Promise<(seed: number) => Promise<Found | undefined>> {
  const { checkPlan } = await import("./check-seed.ts");
  const { makeNarrowPlan, makePlan } = await import("./make-plan.ts");
  const planOf = mutant!.isNarrow === true ? makeNarrowPlan : makePlan;
  return async (each) => (await checkPlan(planOf(each))).violation;
}

async function clusters(): Promise<(seed: number) => Promise<Found | undefined>> {
  const { checkClusterSeed } = await import("./cluster/check-cluster-seed.ts");
  return async (each) => {
    const [problem] = (await checkClusterSeed(each)).problems;
    return problem === undefined ? undefined : { invariant: "a cluster keeps what it promises", problem };
  };
}
