/** What earlier processes did in a run, as its journal has it. */
import {
  childAddress,
  rootAddress,
  type EndedCall,
  type Exit,
  type JournalReader,
  type ModelClient,
  type SupervisorReport,
  type SystemEvent,
} from "@orgtree/core";
import type { Organization, RecordEntry } from "@orgtree/org";
import { readTurn, type PastTurn } from "@orgtree/runtime";
import { runLogAddress } from "./run-log.ts";

/** What was done before, in order. */
export interface RunPast {
  readonly entries: readonly RecordEntry[];
  /** Lives that began, ends, decisions. */
  readonly events: readonly SystemEvent[];
  /** Milliseconds that processes worked on it. The time between them is nobody's. */
  readonly workedMs: number;
}

/** Nothing was done before. */
export const noPast: RunPast = { entries: [], events: [], workedMs: 0 };

/** Reads what was done. Rejects with `JournalError`, `UnreadableTurnError`. */
export async function readRunPast(journal: Pick<JournalReader, "read">): Promise<RunPast> {
  const entries: RecordEntry[] = [];
  const events: SystemEvent[] = [];
  const time = new WorkedTime();
  for await (const entry of journal.read()) {
    if (entry.kind === "end") continue;
    const turn = readTurn(entry);
    time.hear(turn);
    events.push(...eventsOf(turn));
    entries.push(...notesOf(turn));
  }
  return { entries, events, workedMs: time.workedMs };
}

/** What one stored turn of a run says. */
export interface RunNews {
  /** Where in its journal it stands: what comes later has a greater one. */
  readonly position: number;
  /** When it was, in milliseconds since 1970. */
  readonly atMs: number;
  readonly events: readonly SystemEvent[];
  readonly entries: readonly RecordEntry[];
  /** A process of this name begins or goes on: what follows is done by it. */
  readonly process?: string | undefined;
}

/** What is stored of a run behind a position, as it happened. Turns that say nothing are left out. Rejects with `JournalError`, `UnreadableTurnError`. */
export async function* readRunNews(journal: Pick<JournalReader, "read">, after = 0): AsyncGenerator<RunNews> {
  for await (const entry of journal.read({ after })) {
    if (entry.kind === "end" || entry.address === rootAddress) continue;
    const turn = readTurn(entry);
    if (entry.address === runLogAddress) {
      const { type, process } = (turn.cause.message ?? {}) as { readonly type?: unknown; readonly process?: unknown };
      if (type === "enter" && typeof process === "string")
        yield { position: entry.position, atMs: turn.atMs, events: [], entries: [], process };
      continue;
    }
    const [events, entries] = [eventsOf(turn), notesOf(turn)];
    if (events.length + entries.length > 0) yield { position: entry.position, atMs: turn.atMs, events, entries };
  }
}

/** Tells the models of a run which of their calls are over: an answer may depend on what was asked before. */
export function resumeModels(
  { agents, name }: Pick<Organization, "agents" | "name">,
  model: ModelClient | undefined,
  entries: readonly RecordEntry[],
): void {
  const calls = new Map<ModelClient, EndedCall[]>();
  for (const entry of entries) {
    if (entry.kind !== "model" && entry.kind !== "model-failed") continue;
    const agent = Object.keys(agents).find((each) => childAddress(`/${name}`, each) === entry.by);
    const client = (agent === undefined ? undefined : agents[agent]?.model) ?? model;
    if (client?.resume === undefined) continue;
    const { key, attempts } = entry;
    calls.set(client, [...(calls.get(client) ?? []), { key, attempts }]);
  }
  for (const [client, ended] of calls) client.resume!(ended);
}

/** Each process is another life of the root, which is the first to act: what lies before is nobody's time. */
class WorkedTime {
  workedMs = 0;
  #life: number | undefined;
  #lastMs = 0;

  hear({ address, incarnation, atMs }: PastTurn): void {
    const isNewProcess = address === rootAddress && incarnation !== this.#life;
    if (isNewProcess) this.#life = incarnation;
    else this.workedMs += Math.max(0, atMs - this.#lastMs);
    this.#lastMs = atMs;
  }
}

/** What a turn has stored of the record. */
export function notesOf({ effects }: PastTurn): readonly RecordEntry[] {
  return effects.flatMap(({ kind, detail }) => (kind === "orgtree.note" ? [detail as RecordEntry] : []));
}

function eventsOf({ address, cause, effects, incarnation, atMs }: PastTurn): readonly SystemEvent[] {
  if (cause.kind === "init") return [{ type: "actor-started", address, incarnation, atMs }];
  if (cause.kind !== "decision") return [];
  const events: SystemEvent[] = [];
  const { id, exit } = (cause.message ?? {}) as { readonly id?: string; readonly exit?: Exit };
  if (cause.type === "exited" && id !== undefined && exit !== undefined)
    events.push({ type: "actor-exited", address: childAddress(address, id), incarnation, exit, atMs });
  for (const { kind, detail } of effects)
    if (kind === "report") events.push({ type: "report", report: (detail as { readonly report: SupervisorReport }).report, atMs });
  return events;
}
