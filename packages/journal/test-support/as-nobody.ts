/** The user that owns nothing. */
const nobody = 65_534;

/** Does something without the rights of root, who may do everything; for the whole process, so nothing else must run meanwhile. */
export async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.geteuid!() !== 0) return work();
  process.seteuid!(nobody);
  try {
    await work();
  } finally {
    process.seteuid!(0);
  }
}
