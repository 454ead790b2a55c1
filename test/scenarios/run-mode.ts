import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Agents go on after each turn from what is stored of them; set by the project `restored`. */
    readonly restores?: boolean;
  }
}

/** How the runs of this project are made; see vitest.config.ts. */
export const runMode: { readonly restores: boolean } = { restores: inject("restores") ?? false };
