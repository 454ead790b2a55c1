import { MemoryFile } from "./memory-file.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { journalContract } from "../test-support/journal-contract.ts";

journalContract(
  "memory",
  () => {
    const file = new MemoryFile();
    return Promise.resolve({ open: () => Promise.resolve(new MemoryJournal(file)), [Symbol.asyncDispose]: () => Promise.resolve() });
  },
  { modelRuns: Number(process.env["RUNS"] ?? 150) },
);
