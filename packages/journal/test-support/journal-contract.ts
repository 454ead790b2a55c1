import type { Journal } from "@orgtree/core";
import { describe } from "vitest";
import { testAppends } from "./contract-appends.ts";
import { testCompaction } from "./contract-compaction.ts";
import { testClose, testEpochs } from "./contract-epochs.ts";
import { testModel } from "./contract-model.ts";
import { testReading } from "./contract-reading.ts";
import { testSizes } from "./contract-sizes.ts";

/** Where a twin stores: empty at first, and there until it is disposed of. */
export interface ContractStore extends AsyncDisposable {
  /** Opens it for writing, whoever has it open: the epoch rises. */
  open(): Promise<Journal>;
}

/** Makes an empty store. */
export type MakeStore = () => Promise<ContractStore>;

/** What every twin of `Journal` has to satisfy. */
export function journalContract(name: string, make: MakeStore, options: { readonly modelRuns?: number } = {}): void {
  describe(`Journal contract: ${name}`, () => {
    testAppends(make);
    testReading(make);
    testCompaction(make);
    testEpochs(make);
    testClose(make);
    testSizes(make);
    testModel(make, options.modelRuns ?? 60);
  });
}

export { collect, entry, seqs, show, showImages } from "./collect.ts";
