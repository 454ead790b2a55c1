import type { Address, ChildSpec, Clock, Journal, Logger, Random, Transport } from "@orgtree/core";
import type { Logic } from "./logic.ts";

/** How a system is made. Everything has a default. */
export interface SystemOptions {
  /** Default: real time. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
  /** Hears every supervisor's decision. Default: nobody. */
  readonly logger?: Logger;
  /**
   * Where turns are stored before anything of them is visible. The system reads it when it begins: an actor that is started
   * at an address where one lived goes on where that one was. Default: nothing is stored, and turns count at once.
   */
  readonly journal?: Journal;
  /**
   * Brings messages to actors that other systems host, and theirs to those here. The system closes it. Default: all actors are here.
   */
  readonly transport?: Transport;
  /**
   * What runs at an address whose supervisor lives in another system: code is not sent. `about` is what that system says of the tree. Only
   * the logic counts; the rest of the specification comes from the supervisor. A child of which this knows nothing fails its start with
   * `UnknownSpecError`.
   */
  readonly specOf?: (address: Address, about: unknown) => Pick<ChildSpec<Logic>, "logic"> | undefined;
  /**
   * What the system of a child elsewhere is told of the tree that it belongs to: plain data. Default: what this system was told itself, of a
   * tree whose supervisor is elsewhere.
   */
  readonly about?: (address: Address) => unknown;
  /**
   * After how long a turn that waits for its commit is told of (`commit-late`), and told of again; it waits on. When the system is
   * closed it waits no longer than that. Milliseconds, default 30,000.
   */
  readonly commitMs?: number;
  /** An actor that keeps the thread longer, with up to 16 turns in a row, is reported as `stalled`. Milliseconds, default 100. */
  readonly stallMs?: number;
  /** Dead letters kept for looking at, at least 0. Default 1,000; they are counted for ever. */
  readonly keepDeadLetters?: number;
  /** Longest text or byte array in a message from outside, in characters or bytes. Default 1 MiB. */
  readonly maxMessageSize?: number;
  /**
   * Goes on after each turn from what a later process would read in the journal, so that what does not survive a crash is found by
   * any test. Work that is under way goes on. Works without a journal too, and then keeps nothing. For tests. Default false.
   */
  readonly restores?: boolean;
  /** Freezes states after each turn, so that code which changes them in place fails at once. For tests. Default false. */
  readonly freeze?: boolean;
}

/** How a question from outside is asked. */
export interface AskOptions {
  /** Milliseconds until the promise rejects with `AskTimeoutError`. Default 5,000. `Infinity` for no limit. */
  readonly timeoutMs?: number;
  /** Gives up waiting; the promise rejects with the signal's reason. The outcome is unknown then. */
  readonly signal?: AbortSignal;
}

/** How an actor is started. */
export interface StartOptions {
  /**
   * Whoever lived at the address before, as the journal has it, is given up for good: also a tree that was given up because of a
   * failure, which is not begun afresh otherwise. Default false.
   */
  readonly fresh?: boolean;
}

/** How an actor is put back. */
export interface RollbackOptions {
  /** The name of a checkpoint, the number of a turn, or any turn below, as `/desk/clerk@12`. Default: the newest checkpoint. */
  readonly to?: string | number;
  /** What cannot be taken back may stand. Default false. */
  readonly consent?: boolean;
}

/** How an exit is waited for. */
export interface WatchOptions {
  /** Ends the watch; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}
