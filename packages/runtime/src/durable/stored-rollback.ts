import {
  idOf,
  isStoredSupervision,
  nearestName,
  parentAddress,
  rootAddress,
  shutdownExit,
  storedChild,
  withRunningChild,
  type Address,
  type Journal,
  type NewEntry,
  type RollbackReport,
  type StoredSupervision,
  type SupervisorReport,
} from "@orgtree/core";
import { ActorLog } from "./actor-log.ts";
import { effectKey, fullKey, splitKey } from "./effect-key.ts";
import { newestMoment, type Moment } from "./past-turn.ts";
import { endEntries, rollbackEntries } from "./rollback-entries.ts";
import { RollbackError } from "./rollback-error.ts";
import { ConsentError, needsConsent } from "./consent-error.ts";
import type { OwedUndo } from "./rollback-cut.ts";
import { planRollback, type Rollback } from "./rollback.ts";
import { attemptOf } from "./taken-back.ts";

/** How a subtree that does not run is put back. */
export interface StoredRollbackOptions {
  /** The name of a checkpoint, the number of a turn of the actor, or any turn in the subtree, as `/desk/clerk@12`. Default: the newest checkpoint in the subtree. */
  readonly to?: string | number | undefined;
  /** What cannot be taken back may stand. Default false. */
  readonly consent?: boolean;
  /** Now, milliseconds since 1970. */
  readonly atMs: number;
}

/**
 * Puts an actor and all below it back to a checkpoint, in the journal of an organization that does not run: whoever starts it next goes on
 * from there, and first takes back what is `compensable`, by the undo that it has then. As `ActorSystem.rollBack` does it where one runs. The decision is stored with its supervisor.
 *
 * Rejects with `RollbackError` when there is nothing to go back to, or nobody who would start it, with `ConsentError` where something
 * stands and nobody consents; nothing was stored then.
 */
export async function rollBackStored(
  journal: Journal,
  top: Address,
  { to, consent = false, atMs }: StoredRollbackOptions,
): Promise<RollbackReport> {
  const starter = await findStarter(journal, top);
  const lastSeqs = await journal.lastSeqs();
  // As many as ever lived, which is more than a call takes.
  let last = -1;
  for (const seq of lastSeqs.values()) last = Math.max(last, seq);
  const birth = starter === undefined ? await birthOf(journal, top) : (lastSeqs.get(starter.moment.turn.address) ?? -1) + 1;
  const planned = await planRollback(journal, { top, to, birth, spent: undefined, seq: last + 1 });
  const standing = planned.report.standing.filter(needsConsent);
  if (standing.length > 0 && !consent) throw new ConsentError(top, standing, planned.report);
  const decision = starter === undefined ? [] : [decisionEntry(starter, { report: planned.report, top, birth, atMs })];
  await journal.append([...decision, ...entriesOf(planned, top, atMs)]);
  return planned.report;
}

function entriesOf(planned: Rollback, top: Address, atMs: number): readonly NewEntry[] {
  const around = { atMs, owed: owedOf(planned) };
  return [...rollbackEntries({ ...planned, top }, around).map(({ entry }) => entry), ...endEntries(planned)];
}

/** Nobody is here who knows how work is taken back: whoever starts it next is to try. */
function owedOf({ report, outputs }: Rollback): OwedUndo["owed"] | undefined {
  const owing = report.standing.filter(({ does }) => does === "compensable");
  if (owing.length === 0) return undefined;
  const keys = new Set(owing.map((effect) => attemptOf(effect, splitKey(effect.key).address)));
  return [...outputs].filter(([key]) => keys.has(key));
}

/** The supervisor that will start an actor. */
interface Starter {
  readonly log: ActorLog;
  readonly moment: Moment;
  readonly state: StoredSupervision;
}

/** Undefined where nothing is stored of the root, which starts what it is told to. Rejects with `RollbackError` where the actor would not be started. */
async function findStarter(journal: Journal, top: Address): Promise<Starter | undefined> {
  const parent = parentAddress(top);
  if (parent === undefined) throw new RollbackError(top, "it is the root; name who is below it");
  await checkRuns(journal, parent, top);
  const image = await journal.image(parent);
  if (image === undefined) return undefined;
  const log = new ActorLog(parent);
  const moment = log.read(image.entries);
  const { state } = moment;
  if (!isStoredSupervision(state) || (parent !== rootAddress && storedChild(state, idOf(top)) === undefined))
    throw new RollbackError(top, (await neverThere(journal, top)) ?? `its supervisor does not have it any more; roll back ${parent}`);
  checkOperation(state, top);
  return { log, moment, state };
}

/** Somebody of whom there is nothing was mistyped, more likely than not. */
async function neverThere(journal: Journal, top: Address): Promise<string | undefined> {
  const known = [...(await journal.lastSeqs()).keys()];
  if (known.includes(top)) return undefined;
  const nearest = nearestName(top, known);
  return `nothing is stored of it${nearest === undefined ? "; the history without an address lists all" : `; did you mean ${nearest}?`}`;
}

/** The supervisor will be there, and all above it. */
async function checkRuns(journal: Journal, supervisor: Address, top: Address): Promise<void> {
  let below = top;
  for (let address: Address | undefined = supervisor; address !== undefined && address !== rootAddress; address = parentAddress(address)) {
    const moment = await newestMoment(journal, address);
    if (moment === undefined)
      throw new RollbackError(top, (await neverThere(journal, top)) ?? `${address}, above it, is not there any more; roll back ${address}`);
    const { state, books } = moment;
    if (books.exit !== undefined) throw new RollbackError(top, `${address}, above it, has come to its end; roll back ${address}`);
    const status = isStoredSupervision(state) ? storedChild(state, idOf(below))?.status : undefined;
    if (below !== top && status !== "running" && status !== "starting")
      throw new RollbackError(top, `${below}, above it, is ${status ?? "not there any more"}; roll back ${below}`);
    below = address;
  }
}

/** What a supervisor was in the middle of is carried on when it is there again. */
function checkOperation(stored: StoredSupervision, top: Address): void {
  const { operation } = stored;
  if (operation === undefined) return;
  const id = idOf(top);
  const { purpose, toStop, toStart, rewind } = operation;
  const isPart = [...toStop, ...toStart, rewind].includes(id) && storedChild(stored, id)?.status !== "starting";
  if (purpose.kind !== "shutdown" && !isPart) return;
  const parent = parentAddress(top)!;
  throw new RollbackError(
    top,
    `its supervisor was in the middle of a ${purpose.kind} when its process ended; start it once, or roll back ${parent}`,
  );
}

async function birthOf(journal: Journal, top: Address): Promise<number> {
  return (await newestMoment(journal, top))?.books.birth ?? 0;
}

/** That the supervisor decided so, and what it will start. */
function decisionEntry(
  { log, moment, state }: Starter,
  { report, top, birth, atMs }: { readonly report: RollbackReport; readonly top: Address; readonly birth: number; readonly atMs: number },
): NewEntry {
  const id = idOf(top);
  const { address, incarnation, plan } = moment.turn;
  const { name, seq, address: by } = report.to;
  const decision = `rolled back to ${name === undefined ? "" : `${name}, `}${by}#${seq}, while it did not run`;
  const told: SupervisorReport = {
    supervisor: address,
    context: "rolled-back",
    child: id,
    exit: shutdownExit,
    chain: [],
    decision,
    directive: "rollback",
    rollback: report,
  };
  return log.entry({
    address,
    seq: birth,
    state: withRunningChild(state, id, birth),
    books: moment.books,
    isFresh: false,
    incarnation,
    atMs,
    trace: moment.turn.trace,
    cause: { kind: "decision", key: undefined, type: "rolled-back", from: undefined, message: { id } },
    effects: [{ kind: "report", key: fullKey(address, effectKey(birth, 0)), detail: { report: told } }],
    logic: undefined,
    plan,
  });
}
