/** Loaded first by a node in which a mistake is to be planted, which CHAOS_MUTANT names: the sources are changed as they are loaded, in this process only. */
import { registerHooks } from "node:module";
import { plant } from "../simulation/mutants.ts";
import { chaosMutants } from "./mutants.ts";

const mutant = chaosMutants.find(({ name }) => name === process.env["CHAOS_MUTANT"]);
if (mutant === undefined) throw new Error(`there is no mutant "${process.env["CHAOS_MUTANT"]}"`);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/packages/${mutant.file}`)) return loaded;
    return { ...loaded, source: plant(mutant, Buffer.from(loaded.source as Uint8Array).toString()) };
  },
});
