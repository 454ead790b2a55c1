import type { ExitCode } from "../exit-code.ts";
import type { Surroundings } from "../surroundings.ts";

/** What the help tells about a command. */
export interface Topic {
  readonly name: string;
  /** What is written behind the name, such as `FILE [options]`. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Whole sentences for `orgtree help NAME`; an entry is a paragraph. */
  readonly details: readonly string[];
  readonly options: readonly CommandOption[];
  /** What may stand there beside options. */
  readonly operands: {
    readonly name: string;
    readonly least: number;
    readonly most: number;
    /** An option that takes the place of the first one. */
    readonly instead?: string;
  };
}

/** A command of the `orgtree` program. */
export interface Command extends Topic {
  /** Loads what carries it out. Help and mistakes on the command line need nothing of it, and answer at once. */
  readonly load: () => Promise<Execute>;
}

/** Carries out a command. */
export type Execute = (input: CommandInput, surroundings: Surroundings) => Promise<ExitCode>;

/** An option of a command, written `--name`. */
export interface CommandOption {
  readonly name: string;
  /** What its value is called in the help; without it the option takes none. */
  readonly value?: string;
  /** May be given more than once. Default false. */
  readonly isMultiple?: boolean;
  readonly text: string;
}

/** What was written behind the name of a command. It has been checked: the options exist and have values. */
export interface CommandInput {
  readonly operands: readonly string[];
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly flags: ReadonlySet<string>;
}

/** The value of an option that may be given once. */
export function valueOf(input: CommandInput, option: string): string | undefined {
  return input.values.get(option)?.at(-1);
}
