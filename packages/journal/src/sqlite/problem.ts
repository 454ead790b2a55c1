/**
 * What can go wrong in the file, as plain data: it is found in the worker and becomes an error of the port in the main thread,
 * so that the worker needs to load nothing of other packages.
 */
export type Problem =
  | { readonly kind: "conflict"; readonly address: string; readonly wanted: number; readonly last: number }
  | { readonly kind: "fenced"; readonly own: number; readonly current: number }
  | { readonly kind: "locked"; readonly owner: string; readonly vitality: "alive" | "writing" | "hidden" | "unknown" }
  | { readonly kind: "version"; readonly problem: string }
  | { readonly kind: "damaged"; readonly problem: string }
  /** Whether the last append is where somebody will find it, nobody knows. */
  | { readonly kind: "moved"; readonly problem: string }
  | { readonly kind: "compacted"; readonly position: number; readonly oldest: number }
  | { readonly kind: "store"; readonly problem: string; readonly retryable: boolean; readonly outcome: "not-done" | "unknown" };

/** Carries a `Problem` to where it is answered. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/** Throws it for what will not pass by itself, and of which nothing was done. */
export function refuse(problem: string): never {
  throw new ProblemError({ kind: "store", problem, retryable: false, outcome: "not-done" });
}

/** https://www.sqlite.org/rescode.html */
const codes = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  notADatabase: 26,
} as const;

/** What an error of the store means. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  switch (code === undefined ? undefined : code & 0xff) {
    case codes.busy:
    case codes.locked:
      return store(`another process keeps it busy (${message}); try again when that one is done`, { retryable: true });
    case codes.readOnly:
      return store("it is read-only for this process; give it write permission, or only read it");
    case codes.full:
      return store(`it is full (${message}); make space on its disk, compact it, or raise maxFileBytes`, { retryable: true });
    case codes.cannotOpen:
      return store("it cannot be opened; look at the owner and the permissions of the file and its directory");
    case codes.corrupt:
      return {
        kind: "damaged",
        problem: `its pages are damaged (${message}); see what is sound with verify, and write that to a new file with repair`,
      };
    case codes.notADatabase:
      return { kind: "damaged", problem: "it is no SQLite database, or its first page is damaged; verify shows what can be read" };
    case codes.tooBig:
      return store("an entry is too large; SQLite takes a billion bytes");
    case codes.ioError:
      return store(`its disk failed (${message})`, { retryable: true });
    default:
      // Integers beyond what JavaScript can count come of damage only.
      if (error instanceof RangeError) return { kind: "damaged", problem: `a number in it is none of ours (${message})` };
      return store(problemOfSystem(error, message));
  }
}

/** https://nodejs.org/api/errors.html#common-system-errors */
function problemOfSystem(error: unknown, message: string): string {
  switch (typeof error === "object" && error !== null && "code" in error ? error.code : undefined) {
    case "EACCES":
    case "EPERM":
      return `it cannot be opened (${message}); look at the owner and the permissions of the file and its directory`;
    case "ELOOP":
    case "ENAMETOOLONG":
    case "ENOTDIR":
      return `its path leads to no file (${message}); give the path of a file`;
    default:
      return `the store failed: ${message}`;
  }
}

/** True when a commit that failed with this error may be found on the disk after a crash. */
export function mayBeStored(error: unknown): boolean {
  const code = codeOf(error);
  return code === undefined || (code & 0xff) === codes.ioError;
}

/** True when the error says that the content of the file is wrong, so that other parts of it may still be read. */
export function isDamage(error: unknown): boolean {
  return problemOf(error).kind === "damaged";
}

/** True when another process holds a lock for longer than anybody waits. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && ((code & 0xff) === codes.busy || (code & 0xff) === codes.locked);
}

function codeOf(error: unknown): number | undefined {
  const code: unknown = typeof error === "object" && error !== null && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code : undefined;
}

function store(problem: string, { retryable = false }: { retryable?: boolean } = {}): Problem {
  return { kind: "store", problem, retryable, outcome: "not-done" };
}
