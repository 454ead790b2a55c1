import type { Command } from "../input/command.ts";
import { diff } from "./diff.ts";
import { fork } from "./fork.ts";
import { history } from "./history.ts";
import { journalCompact } from "./journal-compact.ts";
import { journalExport } from "./journal-export.ts";
import { journalRepair } from "./journal-repair.ts";
import { journalVerify } from "./journal-verify.ts";
import { lint } from "./lint.ts";
import { replay } from "./replay.ts";
import { resolve } from "./resolve.ts";
import { rollback } from "./rollback.ts";
import { run } from "./run.ts";
import { show } from "./show.ts";
import { tree } from "./tree.ts";

/**
 * All commands, in the order of the help: what works on the file of an organization, what works on the past of one that ran, what
 * works on the journal as a file. A name of two words belongs to the group that the first one names.
 */
export const commands: readonly Command[] = [
  run,
  lint,
  tree,
  history,
  show,
  diff,
  rollback,
  resolve,
  fork,
  replay,
  journalVerify,
  journalRepair,
  journalExport,
  journalCompact,
];
