/** What nobody else on the machine may read. A journal is as confidential as the conversations in it. */
const onlyOwner = 0o077;

/**
 * Files that are made meanwhile are for the owner alone: of a journal also what SQLite lays beside it. The mask is the process's, so nothing
 * else may make files meanwhile.
 */
export async function withPrivateFiles<T>(make: () => Promise<T>): Promise<T> {
  const before = process.umask(onlyOwner);
  try {
    return await make();
  } finally {
    process.umask(before);
  }
}
