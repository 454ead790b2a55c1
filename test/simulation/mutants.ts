/** A mistake that is planted in the product, to see that the simulator finds it. */
export interface Mutant {
  readonly name: string;
  /** The file that is changed, from `packages/` on. */
  readonly file: string;
  /** Text that is in the file exactly once, and what stands there instead. */
  readonly from: string;
  readonly to: string;
  /** Found among the plans without the wide parts, where more of it happens. */
  readonly isNarrow?: true;
  /** Found among simulated clusters. */
  readonly isCluster?: true;
}

const runtime = "runtime/src";

/** In the turn: its two phases, its commit, the life it belongs to. */
const turns: readonly Mutant[] = [
  {
    name: "a turn counts before it is stored",
    file: `${runtime}/actor/pending-commit.ts`,
    from: "    this.#attempt(firstRetryMs);\n",
    to: "    this.#attempt(firstRetryMs);\n    queueMicrotask(() => this.#settle(undefined));\n",
  },
  {
    name: "a turn that cannot be stored yet is given up",
    file: `${runtime}/actor/pending-commit.ts`,
    from: "    this.#retry = this.#kernel.timers.set(retryMs,",
    to: '    if (address !== rootAddress) return this.#settle({ kind: "failed", failure: this.#failure("NotStored") });\n    this.#retry = this.#kernel.timers.set(retryMs,',
  },
  {
    name: "a message that fails its turn vanishes",
    file: `${runtime}/actor/turn-cycle.ts`,
    from: '  kernel.bury(mail, "failed");\n  if (life.phase',
    to: "  if (life.phase",
  },
  {
    name: "an incarnation hears what was meant for the one before",
    file: `${runtime}/actor/perform.ts`,
    from: 'return life.phase !== "ended" && life.cell.signal',
    to: "return life.cell.signal",
  },
  {
    name: "a cancelled timer is heard all the same",
    file: `${runtime}/actor/holdings.ts`,
    from: "if (this.#timers.get(signal.name)?.signal !== signal) return false;",
    to: "",
  },
];

/** Between actors. */
const delivery: readonly Mutant[] = [
  {
    name: "duplicates are taken",
    file: `${runtime}/actor/turn-cycle.ts`,
    from: "if (mail.key !== undefined && isDuplicate(life, mail))",
    to: "if (false)",
  },
  {
    name: "a fresh life forgets what the one before took",
    file: `${runtime}/durable/books.ts`,
    from: "    taken,\n    ...(aside",
    to: "    ...(aside",
  },
  {
    name: "what was not handed over is not sent again",
    file: `${runtime}/actor/resumption.ts`,
    from: "return kernel.send(numbered(",
    to: "return void (numbered(",
  },
  {
    name: "what is sent again comes in any order",
    file: `${runtime}/actor/resumption.ts`,
    from: "(isLater(a, b) ? 1 : -1)",
    to: "(isLater(a, b) ? -1 : 1)",
  },
  {
    name: "an answer that is owed is not stored",
    file: `${runtime}/durable/bookkeeping.ts`,
    from: "if (effect.key === undefined) return asked === books.asked ? books : { ...books, asked };",
    to: "return { ...books, asked };",
    isNarrow: true,
  },
  {
    name: "a question is forgotten when it is taken",
    file: `${runtime}/durable/bookkeeping.ts`,
    from: 'case "ask":\n    case "deliver":\n      return',
    to: 'case "deliver":\n      return',
  },
];

/** What a new process finds. */
const recovery: readonly Mutant[] = [
  {
    name: "timers are not set again",
    file: `${runtime}/actor/resumption.ts`,
    from: "setTimer(life, name, leftMs(due, epochMs))",
    to: "void [setTimer, name, due, epochMs]",
  },
  {
    name: "timers are early after a crash",
    file: `${runtime}/actor/resumption.ts`,
    from: "leftMs(due, epochMs)",
    to: "leftMs(due, epochMs + 50)",
  },
  {
    name: "irreversible work begins again",
    file: `${runtime}/machine/leaf-logic.ts`,
    from: 'if (recovery === "unknown") return host.lose(child);',
    to: "",
  },
  {
    name: "work begins again under another key",
    file: `${runtime}/machine/child-origin.ts`,
    from: "origins.set(child, { ...stored, trace: undefined });",
    to: 'origins.set(child, { ...stored, key: "new#0.0", trace: undefined });',
  },
  {
    name: "nobody starts the children of a supervisor again",
    file: `${runtime}/supervisor/supervisor-body.ts`,
    from: 'this.hear({ kind: "recover" });',
    to: "",
  },
];

/** Supervisors. */
const supervision: readonly Mutant[] = [
  {
    name: "restarts are not counted",
    file: "core/src/supervision/intensity.ts",
    from: "stamp >= nowMs - intensity.periodMs",
    to: "stamp > nowMs",
  },
  {
    name: "restarts are forgotten in a crash",
    file: "core/src/supervision/restored-supervision.ts",
    from: "state.stamps = stored.stamps.map(toNow);",
    to: "",
  },
  {
    name: "decisions are not stored",
    file: `${runtime}/supervisor/supervisor-body.ts`,
    from: "kernel.store !== undefined && steps.length > 0 &&",
    to: "Math.abs(steps.length) < 0 &&",
  },
  {
    name: "a tree that was given up is begun afresh in silence",
    file: "core/src/supervision/supervision-call.ts",
    from: "} else if (gaveUp !== undefined) {",
    to: "} else if (gaveUp !== undefined && !past.delete(id)) {",
  },
  {
    name: "who is started at an address that was given up takes a number that is taken",
    file: `${runtime}/kernel/kernel.ts`,
    from: "const seq = this.nextSeq++;",
    to: "const seq = this.nextSeq;",
  },
];

/** In the journal. */
const journal: readonly Mutant[] = [
  {
    name: "the fence is ignored",
    file: "journal/src/memory-journal.ts",
    from: "if (this.epoch !== this.#file.epoch)",
    to: "if (false)",
  },
  {
    name: "an append is acknowledged and not stored",
    file: "journal/src/memory-journal.ts",
    from: "    return work.store();",
    to: "    if (entries[0] !== undefined && entries[0].seq % 5 === 4) return this.#file.lastPosition;\n    return work.store();",
  },
  {
    name: "the newest entry is lost when the file is read",
    file: "journal/src/memory-journal.ts",
    from: "? past.slice(start) : [];",
    to: "? past.slice(start, Math.max(start + 1, past.length - 1)) : [];",
  },
  {
    name: "an entry that is there already is refused",
    file: "journal/src/memory-journal.ts",
    from: "if (known === undefined || !isSame(known, entry)) {",
    to: "if (known !== entry) {",
  },
  {
    name: "a difference is taken from an older state",
    file: `${runtime}/durable/actor-log.ts`,
    from: "    this.#last = { state, books };\n",
    to: '    if (kind === "whole" || this.#parts % 3 !== 2) this.#last = { state, books };\n',
  },
];

/** Going back, new plans, budgets, room and names. */
const wide: readonly Mutant[] = [
  {
    name: "what came from outside does not come again after a rollback",
    file: `${runtime}/durable/rolled-back-books.ts`,
    from: "for (const [at, each] of again.entries()) pending[effectKey(seq, at)] = each;",
    to: "void [again, seq, effectKey];",
  },
  {
    name: "what was taken from outsiders goes back too",
    file: `${runtime}/durable/rolled-back-books.ts`,
    from: "...entriesOf(is).filter(([from]) => !isInside(from)),",
    to: "",
  },
  {
    name: "what comes again after a rollback counts as new",
    file: `${runtime}/durable/redelivery.ts`,
    from: "? known.origin : seq;",
    to: "? seq : seq;",
  },
  {
    name: "a rollback goes back by one actor only",
    file: `${runtime}/durable/rollback.ts`,
    from: "if (isWithin(address, top)) atCut",
    to: "if (address === top) atCut",
  },
  {
    name: "how many plans there were is forgotten in a crash",
    file: "core/src/supervision/restored-supervision.ts",
    from: "state.replans = stored.replans;",
    to: "",
  },
  {
    name: "what was spent is forgotten in a crash",
    file: `${runtime}/actor/cell.ts`,
    from: "spent: kernel.past.spentWithin(address)",
    to: "spent: undefined",
  },
  {
    name: "what waits for room is overtaken",
    file: `${runtime}/actor/mailbox.ts`,
    from: "else this.#waiting.push(mail);",
    to: "else this.#waiting.unshift(mail);",
  },
  {
    name: "names are lost in a crash",
    file: `${runtime}/actor/resumption.ts`,
    from: "kernel.registry.register(name, address);",
    to: "void name;",
  },
  {
    name: "a dynamic supervisor has one child too many",
    file: "core/src/supervision/supervision-call.ts",
    from: "state.table.size >= state.spec.maxChildren",
    to: "state.table.size > state.spec.maxChildren",
  },
  {
    name: "the end of a place that could not be stored is forgotten",
    file: `${runtime}/durable/journal-store.ts`,
    from: "this.#ends = [...ends, ...this.#ends];",
    to: "void 0;",
  },
  {
    name: "the numbers of lives begin again",
    file: `${runtime}/actor/cell.ts`,
    from: "this.kernel.past.lastIncarnation(this.address)",
    to: "0",
  },
];

/** Between processes: channels, leases, hosting. */
const clusters: readonly Mutant[] = [
  {
    name: "the lease is not looked at",
    file: "node/src/hosting.ts",
    from: "holds: () => isNewest() && leaseholder().mayBegin(endpoint),",
    to: "holds: () => true,",
    isCluster: true,
  },
  {
    name: "a partition that has fallen stays",
    file: "node/src/hosting.ts",
    from: "failed: (error) => whole.over !== undefined &&",
    to: "failed: (error) => Math.random() > 2 &&",
    isCluster: true,
  },
  {
    name: "a packet that comes twice is taken twice",
    file: "cluster/src/channel/incoming.ts",
    from: "if (seq === source.seq + 1) {",
    to: "if (seq <= source.seq + 1) {",
    isCluster: true,
  },
  {
    name: "what was not acknowledged is not sent again",
    file: "cluster/src/channel/outgoing.ts",
    from: "    for (const [index, { packet }] of this.#sent.entries())",
    to: "    for (const [index, { packet }] of [...this.#sent.entries()].slice(1))",
    isCluster: true,
  },
  {
    name: "a node is dead before its lease is over",
    file: "cluster/src/ownership/decide.ts",
    from: 'lease.state !== "buried" && silentMs >= leaseMs;',
    to: 'lease.state !== "buried" && silentMs >= leaseMs / 4;',
    isCluster: true,
  },
  {
    name: "a system that ended while it began goes on listening",
    file: "cluster/src/channel/wire-transport.ts",
    from: "this.#stops.push(stopReceiving);",
    to: "void stopReceiving;",
    isCluster: true,
  },
  {
    name: "nobody is found dead",
    file: "cluster/src/ownership/decide.ts",
    from: 'lease.state !== "buried" && silentMs >= leaseMs;',
    to: 'lease.state !== "buried" && silentMs >= 1_000 * leaseMs;',
    isCluster: true,
  },
];

export const mutants: readonly Mutant[] = [...turns, ...delivery, ...recovery, ...supervision, ...journal, ...wide, ...clusters];

/**
 * The source of a file with a mistake in it.
 *
 * @throws Error when the text that is to be changed is not there exactly once: the product changed, and the mutant must follow it.
 */
export function plant({ name, file, from, to }: Mutant, source: string): string {
  const parts = source.split(from);
  if (parts.length !== 2) throw new Error(`${file} has the text of the mutant "${name}" ${parts.length - 1} times: mend the mutant`);
  return parts.join(to);
}
