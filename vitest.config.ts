import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";
import { LongestFirst } from "./test/support/longest-first.ts";

// vitest would add the condition `development` everywhere otherwise, and nobody would have tested what users run.
process.env["NODE_ENV"] = "production";

// Every process and thread that the tests start would strip the types of the same files again: Node keeps the result, as for the command.
process.env["NODE_COMPILE_CACHE"] = fileURLToPath(new URL("node_modules/.cache/orgtree", import.meta.url));

/** Packages run from source. With `development`, XState's development build is used, which warns where the other is silent. */
function conditions(...more: readonly string[]): object {
  const all = ["@orgtree/source", ...more];
  return { resolve: { conditions: all }, ssr: { resolve: { conditions: all, externalConditions: all } } };
}

const execArgv = (...all: readonly string[]): string[] => all.map((condition) => `--conditions=${condition}`);

/** What tries much, starts the command in processes of its own, or stores much at servers of NATS: `npm test` and CI do it; `npm run check` leaves it out, as it does second runs of the same tests. */
const long = [
  "test/chaos/chaos.test.ts",
  "test/crash/**/*.test.ts",
  "test/simulation/simulation.test.ts",
  "test/cli/**/*.test.ts",
  "test/docs/**/*.test.ts",
  "test/examples.test.ts",
  "test/packed.test.ts",
  "test/nats/**/*.test.ts",
  "test/services/**/*.test.ts",
  "packages/nats/src/journal/**/*.test.ts",
];

export default defineConfig({
  test: {
    // More than cores: some wait for processes, disks and deadlines while others compute.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", new ClosingLine()],
    projects: [
      {
        ...conditions(),
        test: {
          name: "unit",
          pool: "forks",
          isolate: false,
          execArgv: execArgv("@orgtree/source"),
          include: ["packages/*/src/**/*.test.ts"],
          exclude: long,
          testTimeout: 20_000,
        },
      },
      {
        ...conditions("development"),
        test: {
          name: "development",
          pool: "forks",
          isolate: false,
          execArgv: execArgv("@orgtree/source", "development"),
          // Those in which machines run.
          include: [
            "packages/runtime/src/actor/**/*.test.ts",
            "packages/runtime/src/machine/**/*.test.ts",
            "packages/runtime/src/supervisor/**/*.test.ts",
            "packages/org/src/**/*.test.ts",
            "test/scenarios/**/*.test.ts",
          ],
          exclude: ["test/scenarios/repository-run.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        ...conditions(),
        test: {
          // The same agents once more, each restored from its bytes after each turn: what would not survive a crash is found here.
          name: "restored",
          pool: "forks",
          isolate: false,
          execArgv: execArgv("@orgtree/source"),
          include: ["test/scenarios/**/*.test.ts"],
          provide: { restores: true },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...conditions(),
        test: {
          // The rules of supervision once more, with a supervisor in one system and its children in another.
          name: "elsewhere",
          pool: "forks",
          isolate: false,
          execArgv: execArgv("@orgtree/source"),
          include: ["test/conformance/**/*.test.ts"],
          provide: { elsewhere: true },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...conditions(),
        test: {
          name: "whole",
          pool: "forks",
          isolate: false,
          execArgv: execArgv("@orgtree/source"),
          include: ["test/**/*.test.ts"],
          exclude: long,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...conditions(),
        test: {
          name: "long",
          pool: "forks",
          isolate: false,
          execArgv: execArgv("@orgtree/source"),
          include: long,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
