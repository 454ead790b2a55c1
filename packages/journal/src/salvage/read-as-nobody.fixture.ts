// Reads a journal without the rights of root, for good, as only a process of its own can: what is found goes to standard output.
import { openSqliteJournalReader } from "../sqlite/sqlite-reader.ts";
import { verifyJournal } from "./verify-journal.ts";

const [, , path = ""] = process.argv;
if (process.geteuid!() === 0) process.setuid!(65_534);

async function told(work: () => Promise<unknown>): Promise<unknown> {
  return work().catch((error: unknown) => String(error));
}

const verified = await told(async () => (await verifyJournal(path)).isSound);
const read = await told(async () => {
  await using reader = openSqliteJournalReader(path);
  let entries = 0;
  for await (const _entry of reader.read()) entries++;
  return entries;
});
process.stdout.write(JSON.stringify({ verified, read }));
