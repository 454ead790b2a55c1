/** What is wrong with servers, users, clocks and namespaces, as a node and the command meet it: each is said with its remedy. */
import { ClusterError } from "@orgtree/cluster";
import { type Clock, LeaseError } from "@orgtree/core";
import { JetStreamJournalError, NatsLink, newNkey, nkeyOf, openJetStreamJournal, openNatsLeases } from "@orgtree/nats";
import { findServer, LocalServer } from "@orgtree/nats/server";
import { ClusterNode, type ClusterNodeOptions, connectClient } from "@orgtree/node";
import { systemClock, systemRandom } from "@orgtree/runtime";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Desk } from "../cli/orgtree-process.ts";
import { silent } from "../cluster/post.ts";
import { counter } from "../support/lookout.ts";
import { readConfig } from "../../services/gateway/src/config.ts";
import { openGateway } from "../../services/gateway/src/gateway.ts";
import { makeLogger } from "../../services/gateway/src/logger.ts";
import { GuardedServer } from "./guarded-server.ts";

let server: LocalServer;
let stack: AsyncDisposableStack;

beforeAll(async () => {
  server = await LocalServer.start();
});
afterAll(async () => {
  await server?.stop();
});
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function start(namespace: string, more: Partial<ClusterNodeOptions> = {}): Promise<ClusterNode> {
  const link = more.link ?? stack.use(await NatsLink.connect({ servers: server.url }));
  const catalog = { organizations: {}, actors: { counter } };
  const ownership = { leaseMs: 900, drainMs: 1_000, startMs: 3_000 };
  const parts = { namespace, name: "n", version: "0", catalog, partitions: { main: 2 }, logger: silent, ownership };
  const node = await ClusterNode.start({ ...parts, ...more, link });
  stack.defer(() => node.close());
  return node;
}

describe("a cluster", () => {
  test("that another number of partitions was made for refuses who has others, by name; what it has stays", async () => {
    await start("counted");
    const refused = start("counted", { partitions: { main: 3 } });
    await expect(refused).rejects.toThrow(ClusterError);
    await expect(refused).rejects.toMatchObject({ problem: "partitions", retryable: false });
    await expect(refused).rejects.toThrow(
      /made with the partitions \{ main: 2 \}, and this process has \{ main: 3 \}: give it the same, or name another namespace/,
    );
  });

  test("refuses a gateway that takes it to have others", async () => {
    await start("doored");
    const said = {
      NATS_URL: server.url,
      ORGTREE_NAMESPACE: "doored",
      ORGTREE_TOKENS: `ops:${"x".repeat(32)}`,
      PORT: "0",
      LOG_LEVEL: "silent",
    };
    const config = readConfig({ ...said, ORGTREE_PARTITIONS: "main=4" }, () => "");
    const connect = { servers: server.url };
    const parts = { config, connect, clock: systemClock, random: systemRandom, logger: makeLogger(config) };
    await expect(openGateway(parts)).rejects.toThrow(/partitions \{ main: 2 \}, and this process has \{ main: 4 \}/);
    const right = readConfig({ ...said, ORGTREE_PARTITIONS: "main=2" }, () => "");
    await (await openGateway({ ...parts, config: right })).close();
  });

  test("of an incompatible version refuses a node and the command, and is not touched", async () => {
    const link = stack.use(await NatsLink.connect({ servers: server.url }));
    const leases = await openNatsLeases(link, { namespace: "newer" });
    stack.defer(() => leases.close());
    await leases.put("meta", { version: 99, partitions: { main: 2 } }, 0);
    const refused = start("newer");
    await expect(refused).rejects.toMatchObject({ name: "ClusterError", problem: "version" });
    await expect(refused).rejects.toThrow(/has the format 99, and this program knows 1: run the same version of orgtree everywhere/);
    await using desk = await Desk.open();
    const { code, stderr } = await desk.call(["nodes", "--server", server.url, "--namespace", "newer"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("the format 99")]);
    expect(await leases.read("meta")).toMatchObject({ revision: 1, value: { version: 99 } });
  });

  test("whose nodes have clocks that are hours apart buries nobody, and does what is submitted", async () => {
    const ahead = (byMs: number): Clock => ({
      nowMs: () => systemClock.nowMs(),
      epochMs: () => systemClock.epochMs() + byMs,
      setTimer: (delayMs, due) => systemClock.setTimer(delayMs, due),
      defer: (work) => systemClock.defer(work),
    });
    const events: string[] = [];
    const nodes = [
      await start("skewed", { name: "early", clock: ahead(-7_200_000) }),
      await start("skewed", { name: "late", clock: ahead(7_200_000) }),
    ];
    for (const node of nodes) node.listen(({ type }) => void events.push(type));
    while (nodes.some((node) => node.partitions.size !== 1)) await new Promise((resolve) => setTimeout(resolve, 20));
    const link = stack.use(await NatsLink.connect({ servers: server.url }));
    const { client } = stack.use(connectClient({ link, namespace: "skewed", partitions: { main: 2 }, logger: silent }));
    for (const id of ["a1", "b2", "c3", "d4"]) await client.submit({ id, kind: "actor", what: "counter", input: 5 });
    for (const id of ["a1", "b2", "c3", "d4"]) expect(await client.get(id)).toMatchObject({ status: "running" });
    await renewals(link, "skewed", 20);
    expect(nodes.map((node) => node.partitions.size)).toEqual([1, 1]);
    expect(events.filter((type) => type === "buries" || type === "buried")).toEqual([]);
  });
});

/** Resolves when nodes have renewed their leases so many times, three times in a lease each. */
async function renewals(link: NatsLink, namespace: string, wanted: number): Promise<void> {
  const leases = await openNatsLeases(link, { namespace });
  let count = 0;
  await new Promise<void>((resolve) => {
    leases.watch((event) => {
      if (event.type === "stored" && event.record.key.startsWith("node.") && ++count === wanted) resolve();
    });
  });
  leases.close();
}

describe("the command", () => {
  test("says that no server answers, and what to do", async () => {
    await using desk = await Desk.open();
    const { code, stderr } = await desk.call(["nodes", "--server", "nats://127.0.0.1:1", "--wait", "1"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/no NATS server answers at nats:\/\/127\.0\.0\.1:1 .*start one, or check the address/),
    ]);
  });

  test("says that the server has no JetStream, and how to start it with one", async () => {
    await using bare = await LocalServer.start({ jetStream: false });
    await using desk = await Desk.open();
    const { code, stderr } = await desk.call(["nodes", "--server", bare.url, "--wait", "1"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("runs without JetStream: start it with nats-server -js")]);
  });
});

describe("a user", () => {
  let guarded: GuardedServer;
  beforeAll(async () => {
    guarded = await GuardedServer.start(["acme", "--partitions", "main=2"]);
  });
  afterAll(async () => {
    await guarded?.[Symbol.asyncDispose]();
  });

  test("whom the server does not know is not let in, and is told what to check", async () => {
    const file = join(guarded.desk.cwd, "other.nk");
    await writeFile(file, newNkey().seed);
    const { code, stderr } = await guarded.desk.call(["nodes", "--server", guarded.server.url, "--wait", "1"], { NATS_NKEY: file });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/does not let us in .*check user, token or credentials/)]);
  });

  test("whose key is taken away is cut off, and works again when it is given back", async () => {
    const at = stack.use(await GuardedServer.start(["acme", "--partitions", "main=1"]));
    const link = await at.connect("acme", "gateway", { reconnectTimeWait: 20, reconnectJitter: 5 });
    const { publicKey } = nkeyOf((await readFile(join(at.desk.cwd, "nats/acme/gateway.nk"), "utf8")).trim());
    const happened = (wanted: string): Promise<void> =>
      new Promise((resolve) => {
        const stop = link.listen(({ type }) => {
          if (type !== wanted) return;
          stop();
          resolve();
        });
      });
    const lost = happened("lost");
    const other = newNkey().publicKey;
    await at.change((text) => text.replace(publicKey, other));
    await lost;
    // It is refused more often than the client would put up with by itself.
    for (let refused = 0; refused < 4; refused++) await at.server.waitFor(/authentication error/);
    expect(link.isConnected).toBe(false);
    const back = happened("back");
    await at.change((text) => text.replace(other, publicKey));
    await back;
    await link.connection.flush();
  });

  test("who may not be a node is refused as one, with the subject that he would have to be permitted", async () => {
    const link = await guarded.connect("acme", "gateway");
    const refused = start("main", { link });
    await expect(refused).rejects.toBeInstanceOf(LeaseError);
    await expect(refused).rejects.toThrow(
      /may not publish to \$JS\.API\.STREAM\.CREATE\.KV_orgtree_main: allow it in the permissions of the server/,
    );
  });

  test("who does not say where his answers are to come hears none, and is told so", async () => {
    await expect(guarded.connect("acme", "node", { inboxPrefix: "_INBOX" })).rejects.toMatchObject({
      problem: "not-permitted",
      message: expect.stringMatching(/may not hear answers at _INBOX\..*: set NATS_INBOX_PREFIX/),
    });
  });
});

describe("a server whose disk takes no more", () => {
  test("does not answer any more: the journal gives up with the remedy, and everything acknowledged is there afterwards", async () => {
    const { path } = await findServer();
    await using desk = await Desk.open();
    // No file may be larger than 2 MiB: a disk that is full, for whoever has no disk to fill.
    const program = join(desk.cwd, "limited-server");
    await writeFile(program, `#!/bin/sh\nulimit -f 4096\nexec "${path}" "$@"\n`);
    await chmod(program, 0o755);
    const data = Buffer.alloc(100_000, 7);
    const acknowledged: number[] = [];
    {
      await using full = await LocalServer.start({ program, directory: desk.cwd });
      await using link = await NatsLink.connect({ servers: full.url });
      const journal = await openJetStreamJournal(link, { name: "full", answerMs: 300, outageMs: 1_500 });
      const fill = async (): Promise<void> => {
        for (let seq = 0; seq < 100; seq++) {
          await journal.append([{ address: "/a", seq, kind: "whole", data }]);
          acknowledged.push(seq);
        }
      };
      const error: unknown = await fill().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(JetStreamJournalError);
      expect(error).toMatchObject({ outcome: "unknown", message: expect.stringContaining("look at its disk and its log") });
      await journal.close();
    }
    expect(acknowledged.length).toBeGreaterThan(5);
    await using mended = await LocalServer.start({ directory: desk.cwd });
    await using link = await NatsLink.connect({ servers: mended.url });
    await using journal = await openJetStreamJournal(link, { name: "full" });
    const there: number[] = [];
    for await (const { seq } of journal.read()) there.push(seq);
    expect(there.slice(0, acknowledged.length)).toEqual(acknowledged);
  });
});
