import { join } from "node:path";
import { journalContract, type MakeStore } from "../../test-support/journal-contract.ts";
import { temporaryDirectory } from "../../test-support/temporary-directory.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

const make: MakeStore = async () => {
  const directory = await temporaryDirectory();
  return {
    open: () => openSqliteJournal(join(directory.path, "org.journal"), { takeOver: true }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
};

// A thread takes its time to start, so the model gets fewer lives than in memory.
journalContract("SQLite", make, { modelRuns: Number(process.env["RUNS"] ?? 8) });
