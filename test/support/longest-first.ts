import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Projects with long files come first: what runs alone at the end should be short. */
const projects = ["long", "whole", "unit", "restored", "development"];

/** Those that take long for their size, the longest first, as long as vitest does not remember how long each took. */
const long = [
  "test/scenarios/repository-run.test.ts",
  "test/crash/crew.test.ts",
  "test/cli/run-repository.test.ts",
  "test/cli/run-demo.test.ts",
  "test/packed.test.ts",
  "sqlite/sqlite-contract.test.ts",
  "journal/outage.test.ts",
  "nats/journal-contract.test.ts",
  "sqlite/writer-process.test.ts",
  "lint/lint-property.test.ts",
  "src/checkout.test.ts",
  "src/link-target.test.ts",
  "src/process-guard.test.ts",
];

/** The order in which test files begin, so that the workers end at about the same time. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isKnown = files.every((file) => this.ctx.cache.getTestSpecificationResult(file) !== undefined);
    const rank = (file: TestSpecification): number => {
      const at = isKnown ? -1 : long.findIndex((path) => file.moduleId.endsWith(path));
      return 100 * projects.indexOf(file.project.name) + (at < 0 ? long.length : at);
    };
    // Sorting is stable: what is alike here stays in the order of vitest.
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
