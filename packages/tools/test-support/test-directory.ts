import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { leftovers, type Leftovers } from "./leftovers.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A directory of a test's own. */
export interface TestDirectory {
  readonly path: string;
  /** What there was when the test began. */
  readonly before: Leftovers;
}

/**
 * Gives each test of a file a directory, which is the system's temporary one meanwhile: other tests run beside these. A test that leaves
 * something behind fails.
 */
export function directoryOfEachTest(): TestDirectory {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let before: Leftovers;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    vi.stubEnv("TMPDIR", directory.path);
    before = leftovers();
  });
  afterEach(async () => {
    // Node closes the handles of a process a moment after it reported its end.
    await vi.waitFor(() => expect(leftovers()).toEqual(before), { interval: 5 });
    vi.unstubAllEnvs();
    await directory[Symbol.asyncDispose]();
  });
  return {
    get path() {
      return directory.path;
    },
    get before() {
      return before;
    },
  };
}

/** The same, where git is asked as somebody whose home is `person` in it, with no configuration there. */
export function directoryWithHomeOfEachTest(): TestDirectory {
  const directory = directoryOfEachTest();
  beforeEach(() => {
    vi.stubEnv("HOME", join(directory.path, "person"));
    vi.stubEnv("XDG_CONFIG_HOME", undefined);
  });
  return directory;
}
