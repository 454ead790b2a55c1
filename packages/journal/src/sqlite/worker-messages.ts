import type { Address, CompactionResult, Entry, EntryQuery, Image } from "@orgtree/core";
import type { Page } from "./pages.ts";
import type { AppendResult } from "./entry-writer.ts";
import type { FileOptions } from "./journal-file.ts";
import type { PackedAppends } from "./packed-appends.ts";
import type { Problem } from "./problem.ts";

/** What is known of a file that was opened. */
export interface Opened {
  readonly epoch: number;
  readonly run: string;
}

/** What the worker is started with. */
export interface WorkerStart {
  readonly file: FileOptions;
  /** Counts what was sent, so that the worker can sleep without its event loop: waking it that way costs a fifth. */
  readonly sent: Int32Array;
}

/** Everything else that can be asked of the worker; answered in the order of the asking. */
export interface Requests {
  readonly image: { readonly asks: { readonly address: Address; readonly at: number | undefined }; readonly gives: Image | undefined };
  readonly images: { readonly asks: { readonly at: number; readonly after: number }; readonly gives: Page<Image> };
  readonly read: { readonly asks: { readonly query: EntryQuery; readonly after: number }; readonly gives: Page<Entry> };
  readonly lastPosition: { readonly asks: object; readonly gives: number };
  readonly horizon: { readonly asks: object; readonly gives: number };
  readonly lastSeqs: { readonly asks: object; readonly gives: ReadonlyMap<Address, number> };
  /** The cut is decided when the request is made. */
  readonly compact: {
    readonly asks: { readonly keepAfter: number | undefined; readonly pinned: number | undefined };
    readonly gives: CompactionResult;
  };
  readonly close: { readonly asks: object; readonly gives: undefined };
}

export type RequestName = keyof Requests;

/** To the worker. */
export type ToWorker =
  | { readonly type: "append"; readonly appends: PackedAppends; readonly failuresSeen: number }
  | { [Name in RequestName]: { readonly type: Name; readonly id: number; readonly asks: Requests[Name]["asks"] } }[RequestName];

/** From the worker. */
export type FromWorker =
  | ({ readonly type: "opened" } & Opened)
  | { readonly type: "refused"; readonly problem: Problem }
  /** What became of the next appends that wait, in their order. */
  | { readonly type: "appended"; readonly results: readonly AppendResult[]; readonly failures: number }
  | { readonly type: "answer"; readonly id: number; readonly gives: Requests[RequestName]["gives"] }
  | { readonly type: "failed"; readonly id: number; readonly problem: Problem };
