/**
 * LangGraph as the peer of durable turns: a graph whose one node runs again and again, each step a checkpoint.
 *
 * Its own SQLite saver is over better-sqlite3, which has to be compiled where no binary for the Node at hand can be had (minutes), so
 * this is the same saver over `node:sqlite`: tables, statements and serialisation of `@langchain/langgraph-checkpoint-sqlite` 1.0.4,
 * with what this graph never uses left out. It differs in one thing: synchronous is FULL, so that a step survives the loss of power
 * as ours does; as shipped it is NORMAL and does not. `durability` is "sync": the next step waits for the checkpoint.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  Annotation,
  BaseCheckpointSaver,
  type CheckpointTuple,
  copyCheckpoint,
  END,
  START,
  StateGraph,
  type Checkpoint,
  type CheckpointMetadata,
} from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";

const tables = `
  PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS checkpoints (
    thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id TEXT NOT NULL, parent_checkpoint_id TEXT,
    type TEXT, checkpoint BLOB, metadata BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
  );
  CREATE TABLE IF NOT EXISTS writes (
    thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id TEXT NOT NULL, task_id TEXT NOT NULL,
    idx INTEGER NOT NULL, channel TEXT NOT NULL, type TEXT, value BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
  );`;

const newest = `
  SELECT checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata,
    (SELECT json_group_array(
       json_object('task_id', pw.task_id, 'channel', pw.channel, 'type', pw.type, 'value', CAST(pw.value AS TEXT))
     ) FROM writes AS pw
     WHERE pw.thread_id = checkpoints.thread_id AND pw.checkpoint_ns = checkpoints.checkpoint_ns
       AND pw.checkpoint_id = checkpoints.checkpoint_id) AS pending_writes
  FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? ORDER BY checkpoint_id DESC LIMIT 1`;

type PendingWrites = Parameters<BaseCheckpointSaver["putWrites"]>[1];

/** Where a thread stands: what LangGraph calls `configurable`. */
interface Where {
  readonly thread_id: string;
  readonly checkpoint_ns: string;
  readonly checkpoint_id?: string;
}

function whereOf({ configurable }: RunnableConfig): Where {
  return { checkpoint_ns: "", ...(configurable as { readonly thread_id: string }) };
}

class SqliteSaver extends BaseCheckpointSaver {
  readonly database: DatabaseSync;
  readonly #newest: StatementSync;
  readonly #put: StatementSync;
  readonly #putWrite: StatementSync;

  constructor(path: string) {
    super();
    this.database = new DatabaseSync(path);
    this.database.exec(tables);
    this.#newest = this.database.prepare(newest);
    this.#put = this.database.prepare("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#putWrite = this.database.prepare("INSERT OR IGNORE INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  }

  async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread_id, checkpoint_ns } = whereOf(config);
    const row = this.#newest.get(thread_id, checkpoint_ns) as Record<string, string> | undefined;
    if (row === undefined) return undefined;
    const writes = JSON.parse(row["pending_writes"]!) as { task_id: string; channel: string; type: string; value: string }[];
    const load = (value: string | undefined): Promise<unknown> => this.serde.loadsTyped(row["type"]!, value!);
    const parent = row["parent_checkpoint_id"] ?? undefined;
    const at = (checkpoint_id: string): RunnableConfig => ({ configurable: { thread_id, checkpoint_ns, checkpoint_id } });
    return {
      config: at(row["checkpoint_id"]!),
      checkpoint: (await load(row["checkpoint"])) as Checkpoint,
      metadata: (await load(row["metadata"])) as CheckpointMetadata,
      ...(parent === undefined ? {} : { parentConfig: at(parent) }),
      pendingWrites: await Promise.all(
        writes.map(async ({ task_id, channel, type, value }): Promise<[string, string, unknown]> => {
          return [task_id, channel, await this.serde.loadsTyped(type, value)];
        }),
      ),
    };
  }

  async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    const { thread_id, checkpoint_ns, checkpoint_id: parent } = whereOf(config);
    const [[type, content], [, facts]] = await Promise.all([
      this.serde.dumpsTyped(copyCheckpoint(checkpoint)),
      this.serde.dumpsTyped(metadata),
    ]);
    this.#put.run(thread_id, checkpoint_ns, checkpoint.id, parent ?? null, type, content, facts);
    return { configurable: { thread_id, checkpoint_ns, checkpoint_id: checkpoint.id } };
  }

  async putWrites(config: RunnableConfig, writes: PendingWrites, taskId: string): Promise<void> {
    const { thread_id, checkpoint_ns, checkpoint_id } = whereOf(config);
    const rows = await Promise.all(
      writes.map(async ([channel, value], at) => [at, channel, ...(await this.serde.dumpsTyped(value))] as const),
    );
    this.database.exec("BEGIN");
    for (const row of rows) this.#putWrite.run(thread_id, checkpoint_ns, checkpoint_id!, taskId, ...row);
    this.database.exec("COMMIT");
  }

  // oxlint-disable-next-line require-yield -- nobody lists anything here
  async *list(): AsyncGenerator<CheckpointTuple> {
    throw new Error("the bench lists nothing");
  }

  deleteThread(): Promise<void> {
    throw new Error("the bench deletes nothing");
  }
}

/** Steps that LangGraph takes, in one file for all threads. */
export interface Steps {
  /** Steps of one thread, from wherever it is; gives back how many it has taken in all. */
  take(thread: string, steps: number): Promise<number>;
  /** Bytes of the database, its log included. */
  bytes(): number;
  close(): void;
}

/** The graph: each step adds one to a count, and what `text` gives to a list, or in its place. */
export function openSteps(path: string, { text, grows }: { readonly text: () => string; readonly grows: boolean }): Steps {
  const saver = new SqliteSaver(path);
  const state = Annotation.Root({
    count: Annotation<number>,
    upTo: Annotation<number>,
    texts: Annotation<readonly string[]>({ reducer: (old, more) => (grows ? [...old, ...more] : more), default: () => [] }),
  });
  const graph = new StateGraph(state)
    .addNode("step", ({ count }) => ({ count: count + 1, texts: [text()] }))
    .addEdge(START, "step")
    .addConditionalEdges("step", ({ count, upTo }) => (count < upTo ? "step" : END))
    .compile({ checkpointer: saver });
  const counts = new Map<string, number>();
  return {
    async take(thread, steps) {
      const count = counts.get(thread) ?? 0;
      const config = { configurable: { thread_id: thread }, recursionLimit: steps + 10, durability: "sync" as const };
      const after = await graph.invoke({ count, upTo: count + steps }, config);
      counts.set(thread, after.count);
      return after.count;
    },
    bytes: () => pragma(saver.database, "page_count") * pragma(saver.database, "page_size"),
    close: () => saver.database.close(),
  };
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()![name]);
}
