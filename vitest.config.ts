import { defineConfig } from "vitest/config";

// `CONDITION=development npx vitest run` runs everything against XState's development build too.
const conditions = ["@orgtree/source", ...(process.env["CONDITION"] ? [process.env["CONDITION"]] : [])];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    pool: "forks",
    execArgv: conditions.map((condition) => `--conditions=${condition}`),
    projects: [
      { extends: true, test: { name: "unit", include: ["packages/*/src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "whole",
          include: ["test/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
