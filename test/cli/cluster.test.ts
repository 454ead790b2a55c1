/** The commands that work on a cluster: nodes as processes of their own, on a real server. */
import { NatsLink } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { openCluster } from "@orgtree/node";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silent } from "../cluster/post.ts";
import { Desk, type Ended, fixture, type OrgtreeProcess } from "./orgtree-process.ts";

let server: LocalServer;
let desk: Desk;
let stack: AsyncDisposableStack;
let made = 0;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await LocalServer.start();
});
afterAll(async () => {
  await server?.stop();
});
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  desk = stack.use(await Desk.open());
  env = { NATS_URL: server.url, ORGTREE_NAMESPACE: `cli-${++made}`, GATE: join(desk.cwd, "gate") };
});
afterEach(() => stack.disposeAsync());

/** Starts a node, and waits until it has joined. */
async function startNode(name: string, more: Readonly<Record<string, string>> = {}): Promise<OrgtreeProcess> {
  const args = ["node", fixture("harbour.ts"), "--name", name, "--partitions", "main=2"];
  const node = desk.start(args, { ...env, ...more });
  stack.defer(async () => {
    node.signal("SIGKILL");
    await node.ended;
  });
  await node.line("has joined the namespace");
  return node;
}

function call(...args: readonly string[]): Promise<Ended> {
  return desk.call(args, env);
}

/** What a command gives as JSON, when it is as it is wanted. */
async function until<T>(args: readonly string[], wanted: (said: T) => boolean): Promise<T> {
  for (;;) {
    const said = JSON.parse((await call(...args, "--json")).stdout) as T;
    if (wanted(said)) return said;
  }
}

interface Nodes {
  readonly unhosted: readonly string[];
  readonly nodes: readonly { readonly id: string; readonly name: string; readonly state: string; readonly partitions: readonly string[] }[];
}

const isHosted = ({ unhosted }: Nodes): boolean => unhosted.length === 0;

function openGate(): Promise<void> {
  return writeFile(env["GATE"]!, "");
}

describe("a cluster from the command line", () => {
  test("has a job done from one node to the next, and tells of it", async () => {
    const one = await startNode("one");
    await until<Nodes>(["nodes"], isHosted);
    const submitted = await call("submit", "lookout", "--task", "How is the sea?", "--id", "r1");
    expect(submitted).toEqual({ code: 0, stdout: "✔ submitted r1\n  orgtree follow r1\n", stderr: "" });
    expect((await call("submit", "lookout", "--task", "How is the sea?", "--id", "r1")).stdout).toContain(
      "it was submitted before: r1, running",
    );

    const follower = desk.start(["follow", "r1"], env);
    await follower.line("one           does it from here on");
    const busy = await until<{ readonly actors: readonly { readonly address: string }[] }>(["ps", "r1"], ({ actors }) =>
      actors.some(({ address }) => address === "/lookout/sailor"),
    );
    expect(busy).toMatchObject({ silent: [], left: 0 });
    const { stdout: picture } = await call("ps");
    expect(picture).toMatch(
      /^actor +state +last turn +mailbox +restarts +spent +partition +node\nrun r1 +main-\d +one-\w+\n└ \/lookout +one-for-one/,
    );
    expect(picture).toMatch(/\n {2}└ sailor +\w+ +[\d.]+ s ago +0 +0 +1 turn, [\d,]+ tokens +main-\d +one-/);

    await startNode("two");
    await until<Nodes>(["nodes"], ({ nodes }) => nodes.length === 2 && nodes.every(({ partitions }) => partitions.length === 1));
    const drained = await call("drain", "one");
    expect(drained).toMatchObject({ code: 0, stderr: "" });
    expect(drained.stdout).toMatch(/^one-\w+ hands over 1 partition, in order, and leaves\n✔ one-\w+ has left, in [\d.]+ s\n$/);
    expect(await one.ended).toMatchObject({ code: 0, stdout: expect.stringContaining("it has left the cluster") as unknown });

    await openGate();
    const followed = await follower.ended;
    expect(followed).toMatchObject({ code: 0, stderr: "" });
    expect(followed.stdout).toMatch(/two {11}does it from here on\n.*sailor +calls look\n/);
    expect(followed.stdout).toMatch(/\nThe sea is calm\.\n\n✔ done in [\d.]+ s\n$/);
    expect((await call("job", "r1")).stdout).toMatch(/^r1: a run of lookout, done\n {2}task {6}How is the sea\?\n/);
    expect((await call("jobs")).stdout).toMatch(/^ {2}job +of +status +submitted +took\n {2}r1 +lookout +done +2/);
    expect((await call("cancel", "r1")).stdout).toBe("r1 had ended before: it is done\n");
  });

  test("tells the story as JSON, and the rest of it after a position", async () => {
    await startNode("one");
    await openGate();
    const all = await call("submit", "lookout", "--task", "How is the sea?", "--follow", "--json", "--id", "r1");
    expect(all).toMatchObject({ code: 0, stderr: "" });
    const lines = linesOf(all.stdout);
    expect(lines.map(({ type }) => type)).toEqual(["submitted", "job", ...lines.slice(2, -1).map(() => "news"), "end"]);
    expect(lines.at(-1)).toMatchObject({ job: { status: "done", output: { output: "The sea is calm." } } });
    const positions = lines.flatMap(({ position }) => position ?? []);
    const rest = linesOf((await call("follow", "r1", "--after", String(positions[1]), "--json")).stdout);
    expect(rest.flatMap(({ position }) => position ?? [])).toEqual(positions.slice(2));
  });

  test("ends a job that is cancelled, and the telling of one that is not when that is interrupted", async () => {
    await startNode("one");
    await until<Nodes>(["nodes"], isHosted);
    const follower = desk.start(["submit", "lookout", "--task", "How is the sea?", "--id", "r1", "--follow"], env);
    await follower.line("does it from here on");
    follower.signal("SIGINT");
    const left = await follower.ended;
    expect(left.code).toBe(130);
    expect(left.stdout).toMatch(/it goes on without being watched; to see the rest:\n {2}orgtree follow r1 --after \d+\n$/);
    expect((await call("cancel", "r1")).stdout).toBe("✔ r1 is cancelled\n");
    expect(await call("follow", "r1")).toMatchObject({ code: 1, stdout: expect.stringContaining("✗ cancelled after") as unknown });
    const gone = await call("ps", "r1");
    expect(gone).toMatchObject({
      code: 2,
      stderr: "orgtree: r1 does not run any more: it is cancelled; orgtree job r1 tells what it came to\n",
    });
  });

  test("names nodes that do not answer, and partitions that nobody hosts", async () => {
    const node = await startNode("one", { ORGTREE_LEASE_MS: "600000" });
    await until<Nodes>(["nodes"], isHosted);
    node.signal("SIGKILL");
    await node.ended;
    const { code, stdout } = await call("ps", "--wait", "3");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^nobody is there\none-\w+ does not answer: nobody answers at orgtree\.cli-\d+\.node\.one-\w+\.tree/);
    expect((await call("nodes")).stdout).toMatch(/\n {2}one {3}one-\w+ +live +2 +main +/);
    const unheard = await call("drain", "one");
    expect(unheard).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/nobody answers at .*\.drain/) as unknown });
    const unreachable = await call("jobs", "--wait", "3");
    expect(unreachable).toMatchObject({ code: 2, stderr: expect.stringContaining("did not answer within 3000 ms") as unknown });
  });

  test("lists what was lost, shows it, and sends it again", async () => {
    await startNode("one");
    await until<Nodes>(["nodes"], isHosted);
    expect((await call("dead-letters", "list")).stdout).toMatch(/^one-\w+: none since it started\n$/);
    const connect = { servers: server.url };
    const cluster = stack.use(await openCluster({ connect, namespace: env["ORGTREE_NAMESPACE"]!, answerMs: 10_000, logger: silent }));
    await cluster.jobs.submit({ id: "m1", kind: "actor", what: "messenger", input: undefined });
    await until<{ readonly actors: readonly unknown[] }>(["ps"], ({ actors }) => actors.length === 1);
    cluster.jobs.system.tell("/m1", { to: "/c1", message: 7 });
    const { letters } = await until<{ readonly letters: readonly { readonly letter: string }[] }>(
      ["dead-letters", "list"],
      (said) => said.letters.length > 0,
    );
    const { letter } = letters[0]!;
    const { stdout: list } = await call("dead-letters", "list");
    expect(list).toMatch(
      /^one-\w+: 1 (no-recipient|unreachable)\n\n {2}letter +when +reason +to +from +message\n {2}one-\w+\/1 +2.* \/c1 +\/m1 +7\n$/,
    );
    expect((await call("dead-letters", "show", letter)).stdout).toMatch(
      /^one-\w+\/1\n {2}when.*\n.*reason.*\n {2}to +\/c1\n {2}from +\/m1\n[^]*\n\n {2}7\n$/,
    );
    expect(await call("dead-letters", "retry", letter)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("and lost again") as unknown,
    });
    await cluster.jobs.submit({ id: "c1", kind: "actor", what: "counter", input: undefined });
    await until<{ readonly actors: readonly unknown[] }>(["ps"], ({ actors }) => actors.length === 2);
    const retried = await call("dead-letters", "retry", letter);
    expect(retried).toEqual({ code: 0, stdout: "✔ it was sent again, and was not lost within a second\n", stderr: "" });
    expect(await cluster.jobs.system.ask("/c1", "get")).toBe(7);
    const unknown = await call("dead-letters", "show", "one/99");
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching(/the node one-\w+ knows no dead letter 99/) as unknown });
  });

  test("is that of a context, and of the namespace that is named", async () => {
    await startNode("one");
    const file = join(dirname(desk.temporary), ".config", "nats", "context", "there.json");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ url: server.url }));
    const elsewhere = { NATS_URL: "nats://127.0.0.1:1", ORGTREE_NAMESPACE: "another" };
    const named = await desk.call(["nodes", "--context", "there", "--namespace", env["ORGTREE_NAMESPACE"]!, "--json"], elsewhere);
    expect(JSON.parse(named.stdout)).toMatchObject({ namespace: env["ORGTREE_NAMESPACE"], nodes: [{ name: "one", state: "live" }] });
  });
});

describe("a cluster that cannot be used", () => {
  test.each([
    {
      args: ["nodes", "--namespace", "nowhere"],
      says: /^orgtree: there is no namespace "nowhere" at .*: the first node makes it; start one, or name another\n$/,
    },
    {
      args: ["nodes", "--server", "nats://127.0.0.1:1"],
      says: /no NATS server answers at nats:\/\/127\.0\.0\.1:1 .*: start one, or check the address/,
    },
    { args: ["nodes", "--context", "nowhere"], says: /the context "nowhere" cannot be read/ },
    { args: ["nodes", "--namespace", "a b"], says: /--namespace "a b" is no namespace; it is 1 to 40 letters/ },
    { args: ["submit", "lookout"], says: /submit needs a task; say what is to be done: --task "…"/ },
    { args: ["submit", "lookout", "--task", "x", "--repo", "."], says: /--repo needs --check too/ },
    { args: ["follow", "r1", "--after", "soon"], says: /--after is "soon"; give a whole number from 0 on/ },
    { args: ["node", "nowhere.ts"], says: /nowhere\.ts: it cannot be imported/ },
    { args: ["node", "x.ts", "--partitions", "main"], says: /ORGTREE_PARTITIONS is "main": write main=16, or main=16,gpu=4/ },
  ])("$args is refused, with what to do", async ({ args, says }) => {
    const { code, stdout, stderr } = await call(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(says);
  });

  test("names what a node does not know: nodes, jobs, letters", async () => {
    await startNode("one");
    for (const [args, says] of [
      [["drain", "two"], /there is no node two; there are one-\w+/],
      [["job", "r9"], /there is no job r9; orgtree jobs lists them/],
      [["follow", "r9"], /there is no job r9/],
      [["cancel", "r9"], /there is no job r9/],
      [["dead-letters", "show", "9"], /"9" names no dead letter; write NODE\/N/],
    ] as const) {
      const { code, stderr } = await call(...args);
      expect(code).toBe(2);
      expect(stderr).toMatch(says);
    }
    const other = await call("node", fixture("harbour.ts"), "--partitions", "main=3");
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("was made with the partitions { main: 2 }") as unknown });
  });

  test("says what the server lacks, or forbids", async () => {
    const plain = stack.use(await LocalServer.start({ jetStream: false }));
    expect((await call("nodes", "--server", plain.url)).stderr).toContain("runs without JetStream: start it with nats-server -js");
    const users = '[{ user: ann, password: a }, { user: guest, password: g, permissions: { publish: ["_INBOX.>"] } }]';
    const guarded = stack.use(await LocalServer.start({ config: `authorization { users: ${users} }` }));
    const as = (who: string): string => guarded.url.replace("nats://", `nats://${who}@`);
    expect((await call("nodes", "--server", as("ann:wrong"))).stderr).toMatch(/does not let us in .*: check user, token or credentials/);
    expect((await call("nodes", "--server", as("ann:wrong"))).stderr).not.toContain("wrong");
    expect((await call("nodes", "--server", as("guest:g"))).stderr).toMatch(
      /this user may not publish to \$JS\.API.*: allow it in the permissions/,
    );
    // Whoever may connect, and sees no namespace.
    expect((await call("nodes", "--server", as("ann:a"))).stderr).toContain("there is no namespace");
    await using link = await NatsLink.connect({ servers: guarded.url, user: "ann", pass: "a" });
    expect(link.isConnected).toBe(true);
  });
});

interface JsonLine {
  readonly type: string;
  readonly position?: number;
}

function linesOf(stdout: string): readonly JsonLine[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as JsonLine);
}
