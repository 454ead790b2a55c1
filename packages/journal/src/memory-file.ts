import { newRun, type Address, type Entry } from "@orgtree/core";

/** What a `MemoryJournal` writes to. It survives the journal, as a file would: opened again, everything is there. */
export class MemoryFile {
  /** How people know it, in messages of errors. */
  readonly name: string;
  /** See `Journal.run`. */
  readonly run: string;
  /** @internal */
  epoch = 0;
  /** @internal Of the newest entry that was ever there. */
  lastPosition = 0;
  /** @internal Images before it are not complete any more. */
  horizon = 0;
  /** @internal In the order in which the addresses came. */
  readonly histories = new Map<Address, History>();

  constructor(name = "in memory", run: string = newRun()) {
    this.name = name;
    this.run = run;
  }
}

/** What is left of one address. */
export interface History {
  lastSeq: number;
  /** In order. */
  entries: Entry[];
}
