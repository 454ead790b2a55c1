import type { Command } from "../input/command.ts";
import { cancel } from "./cancel.ts";
import { deadLettersList } from "./dead-letters-list.ts";
import { deadLettersRetry } from "./dead-letters-retry.ts";
import { deadLettersShow } from "./dead-letters-show.ts";
import { diff } from "./diff.ts";
import { drain } from "./drain.ts";
import { follow } from "./follow.ts";
import { fork } from "./fork.ts";
import { history } from "./history.ts";
import { job } from "./job.ts";
import { jobs } from "./jobs.ts";
import { journalCompact } from "./journal-compact.ts";
import { journalExport } from "./journal-export.ts";
import { journalRepair } from "./journal-repair.ts";
import { journalVerify } from "./journal-verify.ts";
import { lint } from "./lint.ts";
import { node } from "./node.ts";
import { nodes } from "./nodes.ts";
import { packetsDecode } from "./packets-decode.ts";
import { packetsWatch } from "./packets-watch.ts";
import { ps } from "./ps.ts";
import { replay } from "./replay.ts";
import { resolve } from "./resolve.ts";
import { rollback } from "./rollback.ts";
import { run } from "./run.ts";
import { serverConfig } from "./server-config.ts";
import { show } from "./show.ts";
import { submit } from "./submit.ts";
import { tree } from "./tree.ts";

/**
 * All commands, in the order of the help: what works on the file of an organization, what works on the past of one that ran, what
 * works on the journal as a file, what works on a cluster. A name of two words belongs to the group that the first one names.
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
  serverConfig,
  node,
  submit,
  follow,
  jobs,
  job,
  cancel,
  ps,
  nodes,
  drain,
  deadLettersList,
  deadLettersShow,
  deadLettersRetry,
  packetsWatch,
  packetsDecode,
];
