/** The commands that look at the past, of a job of a cluster: nodes as processes of their own, on a real server. */
import { LocalServer } from "@orgtree/nats/server";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "orgtree";
import { openSqliteJournal } from "orgtree/journal";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runnableLookout } from "../support/lookout.ts";
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
  env = { NATS_URL: server.url, ORGTREE_NAMESPACE: `past-${++made}`, GATE: join(desk.cwd, "gate") };
});
afterEach(() => stack.disposeAsync());

async function startNode(name: string): Promise<OrgtreeProcess> {
  const node = desk.start(["node", fixture("harbour.ts"), "--name", name, "--partitions", "main=1"], env);
  stack.defer(async () => {
    node.signal("SIGKILL");
    await node.ended;
  });
  await node.line("hosts main-0");
  return node;
}

function call(...args: readonly string[]): Promise<Ended> {
  return desk.call(args, env);
}

async function told(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await call(...args);
  expect({ args, stderr, code }).toEqual({ args, stderr: "", code: 0 });
  return stdout;
}

const openGate = (): Promise<void> => writeFile(env["GATE"]!, "");

/** The run waits for its tool. */
async function submit(): Promise<void> {
  await told("submit", "lookout", "--task", "How is the sea?", "--id", "r1");
  while (!(await call("history", "--job", "r1", "/lookout/sailor")).stdout.includes("work acting begun"));
}

async function status(): Promise<string> {
  return (JSON.parse(await told("job", "r1", "--json")) as { readonly status: string }).status;
}

async function turns(): Promise<readonly { readonly seq: number; readonly position: number }[]> {
  const text = await told("history", "--job", "r1", "/lookout/sailor", "--json");
  return (JSON.parse(text) as { readonly turns: readonly { readonly seq: number; readonly position: number }[] }).turns;
}

describe("the past of a job", () => {
  test("is looked at, compared, computed again and forked, while it runs and when no node is up", async () => {
    const node = await startNode("one");
    await submit();
    expect(await told("history", "--job", "r1")).toMatch(/\n +\/lookout\/sailor +machine +\d/);
    await openGate();
    while ((await status()) === "running");
    node.signal("SIGTERM");
    // Nobody who only looks takes the journal from its node.
    expect((await node.ended).stdout).not.toContain("does not work");
    const { seq, position } = (await turns())[1]!;
    expect(await told("show", "--job", "r1", "/lookout/sailor")).toContain("The sea is calm.");
    expect(await told("diff", "--job", "r1", `/lookout/sailor@${seq}`, "/lookout/sailor")).toMatch(/\n +[~+] /);
    expect(await told("replay", "--job", "r1", fixture("harbour.ts"))).toMatch(
      /^the job r1 {2}the same\n {2}\d+ turns of \d+ actors computed again\n/,
    );
    expect(await told("fork", "--job", "r1", "--at", String(position), "--to", "fork.journal")).toMatch(
      /^fork\.journal {2}run \w+\n {2}\d+ entries of the job r1, up to position \d+; \d+ actors\n$/,
    );
    const { organization, model } = runnableLookout(() => Promise.resolve("the sea is calm"), 1);
    await using journal = await openSqliteJournal(join(desk.cwd, "fork.journal"));
    const again = await run(organization, "How is the sea?", { model: model(), journal });
    expect(again).toMatchObject({ status: "done", output: "The sea is calm." });
  });

  test("is put back by hand where nobody hosts it, and the next node goes on from there", async () => {
    const node = await startNode("one");
    await submit();
    const { seq } = (await turns())[1]!;
    const back = ["rollback", "--job", "r1", "/lookout/sailor", "--to", String(seq), "--consent"];
    const hosted = await call(...back);
    expect(hosted).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^orgtree: one-\w+ hosts main-0, and with it r1; drain the nodes/) as unknown,
    });
    node.signal("SIGKILL");
    await node.ended;
    const unheard = await call(...back, "--wait", "2");
    expect(unheard).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/does not answer; if it is over, take the journal from it with --take-over\n$/) as unknown,
    });
    const two = await startNode("two");
    two.signal("SIGTERM");
    await two.ended;
    expect(await told(...back)).toMatch(/^\/lookout\/sailor {2}rolled back to \/lookout\/sailor@\d+\n/);
    await openGate();
    await startNode("three");
    while ((await status()) === "running");
    expect(await status()).toBe("done");
    expect(await told("history", "--job", "r1", "/lookout/sailor")).toContain("rollback");
  });

  test("of an actor is looked at, and nothing else", async () => {
    await startNode("one");
    await told("submit", "counter", "--actor", "--id", "c1");
    while ((await call("history", "--job", "c1")).code !== 0);
    expect(await told("show", "--job", "c1", "/c1")).toMatch(/^\/c1@0 {2}plain\n/);
    expect(await call("fork", "--job", "c1", "--to", "f.journal")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("c1 is an actor") as unknown,
    });
  });

  test.each([
    {
      args: ["history", "--job", "nobody"],
      says: "orgtree: there is no job nobody; orgtree jobs lists them; those that ended long ago are forgotten\n",
    },
    {
      args: ["history", "a.journal", "--server", "x"],
      says: "orgtree: --server is about a cluster, and a FILE is in none; name a job: --job ID\n",
    },
    {
      args: ["show", "--job", "r1"],
      says: "orgtree: show needs a FILE and an ADDRESS; write orgtree show FILE ADDRESS[@SEQ] [--json]\n",
    },
  ])("$args is refused: $says", async ({ args, says }) => {
    await startNode("one");
    expect(await call(...args)).toEqual({ code: 2, stdout: "", stderr: says });
  });
});
