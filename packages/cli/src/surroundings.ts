import type { Clock, Random } from "orgtree";
import type { NpmCall } from "./input/npm-options.ts";

/** What commands see of the process they run in. Only `main.ts` makes the real one. */
export interface Surroundings extends ProcessSurroundings, Time {}

/** Time and chance. They are the runtime's, which is loaded only when a command needs it. */
export interface Time {
  readonly clock: Clock;
  readonly random: Random;
}

/** What is there at once. */
export interface ProcessSurroundings {
  readonly environment: CliEnvironment;
  /** The user's home directory. */
  readonly home: string;
  readonly cwd: string;
  /** How the program was called, for hints: `orgtree`, or `npm run orgtree --`. */
  readonly program: string;
  /** Undefined when npm did not call it. */
  readonly npm: NpmCall | undefined;
  /** For `orgtree --version` and for messages about Node. */
  readonly versions: { readonly orgtree: string; readonly node: string };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Imports a file of the user's by its URL. */
  readonly importModule: (url: string) => Promise<Readonly<Record<string, unknown>>>;
  /** From now on the first Ctrl-C aborts the signal, instead of ending the process; the second one ends it at once. */
  readonly catchInterrupts: () => AbortSignal;
  /** Calls `work`, which must not wait, when the process ends, however it ends. Gives back its cancellation. */
  readonly onExit: (work: () => void) => () => void;
  /** A directory for what is kept of runs, which need not be there yet: their journals. */
  readonly stateDirectory: string;
  /** Where temporary files of this process and what it uses are made from now on. */
  readonly setTemporaryDirectory: (path: string) => void;
}

/** The variables of the environment. */
export type CliEnvironment = Readonly<Record<string, string | undefined>>;

/** Standard output or standard error. */
export interface Output {
  readonly write: (text: string) => void;
  /** A terminal that can move its cursor. */
  readonly isTerminal: boolean;
  /** A terminal that shows colours, to somebody who has not asked for none. */
  readonly hasColor: boolean;
  /** Undefined when it is no terminal. Changes as the window does. */
  readonly size: () => TerminalSize | undefined;
}

/** Columns and rows, each at least 1. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The first Ctrl-C, as the reason of an abort. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";

  constructor(signal: string) {
    super(`interrupted by ${signal}`);
  }
}
