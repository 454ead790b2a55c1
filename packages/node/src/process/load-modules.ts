import { ExpectedError, type ModelClient } from "@orgtree/core";
import { isOrganization, openaiModel } from "orgtree";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Catalog, RunnableOrganization } from "../catalog.ts";
import type { NodeConfig } from "./node-config.ts";

/** A module cannot be used. */
class ModuleError extends ExpectedError {
  override readonly name = "ModuleError";
  readonly retryable = false;

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${file}: ${problem}`, options);
  }
}

/** What modules export: an organization as their default, actors by name, or both; and `specOf`, as in `Catalog`. Rejects with `ModuleError`. */
export async function loadModules(config: Pick<NodeConfig, "modules" | "model" | "thinkMs">): Promise<Catalog> {
  const organizations: Record<string, RunnableOrganization> = {};
  const actors: Record<string, Catalog["actors"][string]> = {};
  const whoTells: NonNullable<Catalog["specOf"]>[] = [];
  for (const file of config.modules) {
    const exports = await importModule(file);
    const { default: organization, actors: own = {}, specOf } = exports;
    if (!isOrganization(organization) && Object.keys(own as object).length === 0)
      throw new ModuleError(
        file,
        "it exports nothing that can be hosted: write export default organization({ … }), or export const actors = { … }",
      );
    if (isOrganization(organization)) {
      if (Object.hasOwn(organizations, organization.name))
        throw new ModuleError(file, `another module has an organization called ${organization.name}`);
      organizations[organization.name] = { organization, model: modelOf(file, exports, config) };
    }
    Object.assign(actors, own);
    if (typeof specOf === "function") whoTells.push(specOf as (typeof whoTells)[number]);
  }
  const specOf: Catalog["specOf"] = (address, job) => {
    for (const tell of whoTells) {
      const told = tell(address, job);
      if (told !== undefined) return told;
    }
    return undefined;
  };
  return { organizations, actors, specOf };
}

async function importModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new ModuleError(file, `it cannot be imported: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** One client for all runs, or a script of its own for each. */
function modelOf(
  file: string,
  exports: Readonly<Record<string, unknown>>,
  config: Pick<NodeConfig, "model" | "thinkMs">,
): () => ModelClient {
  if (config.model !== undefined) {
    const client = openaiModel(config.model);
    return () => client;
  }
  const { script } = (exports["demo"] ?? {}) as { readonly script?: (thinkMs: number) => ModelClient };
  if (typeof script !== "function") throw new ModuleError(file, "it brings no script along, and there is no OPENAI_API_KEY: set it");
  return () => script(config.thinkMs);
}
