import { systemClock, systemRandom } from "orgtree";
import { join } from "node:path";
import { orgtree } from "./program.ts";
import type { Output, ProcessSurroundings } from "./surroundings.ts";

/** Where the program is called. */
export interface CallPlace {
  readonly cwd: string;
  /** What it takes for the system's temporary directory. */
  readonly temporary: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What a call gave. */
export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Calls the program in this process. The temporary directory is the process's, so that calls come one after the other. */
export async function callProgram(args: readonly string[], { cwd, temporary, env }: CallPlace): Promise<Called> {
  const written = { stdout: "", stderr: "" };
  const outputTo = (name: keyof typeof written): Output => ({
    write: (text) => void (written[name] += text),
    isTerminal: false,
    hasColor: false,
    size: () => undefined,
  });
  const script = env["npm_lifecycle_event"];
  const surroundings: ProcessSurroundings = {
    environment: env,
    home: join(temporary, ".."),
    cwd,
    program: "orgtree",
    npm: script === undefined ? undefined : { script, hasOption: (name) => env[`npm_config_${name}`] !== undefined },
    versions: { orgtree: "0.0.0", node: process.version },
    stdout: outputTo("stdout"),
    stderr: outputTo("stderr"),
    importModule: (url) => import(url) as Promise<Record<string, unknown>>,
    catchInterrupts: () => new AbortController().signal,
    onExit: () => () => {},
    stateDirectory: join(temporary, "..", "state"),
    setTemporaryDirectory,
  };
  const before = process.env["TMPDIR"];
  setTemporaryDirectory(temporary);
  try {
    const code = await orgtree(args, surroundings, () => Promise.resolve({ clock: systemClock, random: systemRandom }));
    return { code, ...written };
  } finally {
    setTemporaryDirectory(before);
  }
}

function setTemporaryDirectory(path: string | undefined): void {
  if (path === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = path;
}
