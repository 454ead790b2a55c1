import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { failure, startChatServer, streamedText, type ChatReply } from "@orgtree/model/testing";
import { describe, expect, test } from "vitest";

import { bugfix, checkTideTable, Desk, fixture, git } from "./orgtree-process.ts";
import { mending, noObjections, plan } from "./tide-model.ts";

/** What a good model says: a plan, no objection, both changes, both checks, the hand-in. */
const good: readonly ChatReply[] = [plan, noObjections, ...mending];

const work = ["--check", "node test/tides.test.js", "--task", "Mend the library."];

describe.concurrent("orgtree run, on a repository with a model behind a server", () => {
  test("leaves the original alone and writes a patch that applies to it and makes the check pass", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: good });
    const repo = await desk.tideTable("tide table");
    // Ignored, and needed by the check nevertheless.
    await mkdir(join(repo, ".git", "info"));
    await writeFile(join(repo, ".git", "info", "exclude"), "needed\n");
    await writeFile(join(repo, "needed"), "");
    const env = { OPENAI_API_KEY: "sk-secret-key", OPENAI_BASE_URL: server.url, OPENAI_MODEL: "test-model" };
    const check = ["--check", "test -f needed && node test/tides.test.js", "--ignored", "needed"];
    const { code, stdout, stderr } = await desk.run(["run", bugfix, "--repo", repo, ...check, "--task", "Mend the library."], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(server.requests).toHaveLength(good.length);
    expect(server.requests[0]!.body).toMatchObject({ model: "test-model" });
    expect(server.requests[0]!.headers.authorization).toBe("Bearer sk-secret-key");
    expect(stdout).not.toContain("sk-secret-key");
    expect(stdout).toContain(`repo    a copy of ${repo}`);
    expect(stdout).toMatch(/\n {2}copy {4}\/.*\/tmp\/orgtree-run-\w+\/orgtree-workspace-\w+\/files, removed at the end\n/);
    expect(stdout).toContain("limits  1,000,000 tokens, 30 min ($5.00 is not counted: no prices known for test-model)\n");
    expect(stdout).toContain("\ndollars are not counted: no prices known for test-model\n");
    expect(stdout).toContain("it is in orgtree.patch; to apply it:\n  git -C ");
    expect(await git(repo, "status", "--porcelain")).toBe("");
    expect(await checkTideTable(repo)).toBe(1);
    expect(await readFile(join(desk.cwd, "orgtree.patch"), "utf8")).not.toContain("needed");
    await git(repo, "apply", join(desk.cwd, "orgtree.patch"));
    expect(await checkTideTable(repo)).toBe(0);
    expect(await desk.leftovers()).toEqual([]);
  });
});

describe("orgtree run, called for a repository", () => {
  test("takes the server, the model and the paths from the command line first", async () => {
    await using desk = await Desk.open();
    // It gives up after its first change.
    const replies = (_request: unknown, at: number): ChatReply => (at < 3 ? good[at]! : failure(401, { message: "Incorrect API key." }));
    await using server = await startChatServer({ replies });
    await desk.tideTable("cwd/repo");
    const env = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "http://127.0.0.1:1/v1", OPENAI_MODEL: "other" };
    const options = ["--base-url", server.url, "--model", "mine", "--out", "out.patch"];
    const { code } = await desk.call(["run", bugfix, "--repo", "repo", ...work, ...options], env);
    expect(code).toBe(1);
    expect(server.requests[0]!.body).toMatchObject({ model: "mine" });
    expect((await readdir(desk.cwd)).toSorted()).toEqual(["out.partial.patch", "repo"]);
  });

  test("works on the bundled repository when there is a key and no --repo", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: () => failure(401, { message: "Incorrect API key provided." }) });
    const { code, stdout } = await desk.call(["run", bugfix], { OPENAI_API_KEY: "k", OPENAI_BASE_URL: server.url });
    expect(code).toBe(1);
    expect(stdout.split("\n")[0]).toBe("No --repo: gpt-5-mini works on the bundled repository. (--scripted plays the script instead.)");
    expect(JSON.stringify(server.requests[0]!.body)).toContain("The tests of tide-table fail. Mend the library.");
    expect(await desk.leftovers()).toEqual([]);
  });

  test("says before anything else that the check passes already", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: () => failure(401, { message: "Incorrect API key provided." }) });
    const repo = await desk.tideTable("repo");
    const args = ["run", bugfix, "--repo", repo, "--check", "true", "--task", "Add a tide.", "--base-url", server.url];
    const plain = await desk.call(args);
    const json = await desk.call([...args, "--json"]);
    expect(plain.stdout).toMatch(/^copying the repository, and running its check once: true\nbugfix: planner, /);
    expect(plain.stdout).toContain("\n\nThe check passes already, before any work: it cannot tell whether the task is done.\n\n");
    expect(JSON.parse(json.stdout.split("\n")[0]!)).toMatchObject({ type: "run", before: { passed: true } });
    expect(JSON.stringify(server.requests[0]!.body)).toContain("Before any work the check passes already.");
  });

  test("fails with the model's own class when the key is refused", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: () => failure(401, { message: "Incorrect API key provided: sk-*****." }) });
    const repo = await desk.tideTable("repo");
    const { code, stdout, stderr } = await desk.call(["run", bugfix, "--repo", repo, ...work], {
      OPENAI_API_KEY: "sk-wrong",
      OPENAI_BASE_URL: server.url,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^orgtree: bugfix gave up on planner: model-error\/auth at \/bugfix\/planner: .*\n$/);
    expect(stderr).not.toContain("sk-wrong");
    expect(stdout).toMatch(/✗ failed in [\d.]+ s: model-error\/auth at \/bugfix\/planner: /);
    expect(stdout).toContain("nothing had been changed");
    expect(stdout).not.toContain("sk-wrong");
    expect(await readdir(desk.cwd)).toEqual([]);
    expect(await desk.leftovers()).toEqual([]);
  });
});

describe("orgtree run, with prices", () => {
  const prices = ["--price-in", "0.25", "--price-out", "2"];

  test("counts dollars, and shows the limit that holds", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: [streamedText("A."), streamedText("B.")] });
    const args = ["run", fixture("desk.ts"), "--task", "the sea", "--base-url", server.url, ...prices];
    const { code, stdout } = await desk.call(args);
    expect(code).toBe(0);
    expect(stdout).toContain("limits  2,000,000 tokens, $10.00, 1 h\n");
    expect(stdout).toMatch(/^total +2 +· +20 +\$0\.0000 /m);
    expect(stdout).not.toContain("not counted");
  });

  test("makes no call that the limit has no room for", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: good });
    await desk.tideTable("cwd/repo");
    const args = ["run", bugfix, "--repo", "repo", ...work, "--base-url", server.url, "--price-in", "0.25", "--price-out", "2000"];
    const { code, stdout } = await desk.call(args);
    expect(code).toBe(1);
    expect(stdout).toContain("budget-exhausted/usd");
    expect(server.requests).toHaveLength(0);
  });

  test("without them says so as JSON too", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: [streamedText("A."), streamedText("B.")] });
    const { stdout } = await desk.call([
      "run",
      fixture("desk.ts"),
      "--task",
      "the sea",
      "--base-url",
      server.url,
      "--model",
      "tiny",
      "--json",
    ]);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines[0]).toMatchObject({ type: "run", unpriced: ["tiny"], organization: { budget: { tokens: 2_000_000 } } });
    expect(lines.at(-1)).toMatchObject({ type: "result", report: { usd: 0, unpriced: ["test-model"] } });
  });
});

describe("orgtree run, for an organization that needs no repository", () => {
  test("prints what it hands in", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({
      replies: [streamedText("The sea is very wide and very old."), streamedText("The sea is wide and old.")],
    });
    const { code, stdout } = await desk.call(["run", fixture("desk.ts"), "--task", "the sea"], {
      OPENAI_API_KEY: "k",
      OPENAI_BASE_URL: server.url,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nThe sea is wide and old\.\n\n✔ done in [\d.]+ s\n$/);
    expect(await readdir(desk.cwd)).toEqual([]);
  });

  test("needs no key for a server that is named on the command line", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: [streamedText("A."), streamedText("B.")] });
    const { code, stdout } = await desk.call(["run", fixture("desk.ts"), "--task", "the sea", "--base-url", server.url, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1)!)).toMatchObject({ type: "result", status: "done", output: "B." });
  });
});

describe.concurrent("orgtree run, with a tool whose error escapes it", () => {
  test("fails the agent and not the program", async () => {
    await using desk = await Desk.open();
    const { code, stdout, stderr } = await desk.run(["run", fixture("stray.ts"), "--task", "write"], { OPENAI_API_KEY: "k" });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("✗ writer  crash: nobody awaited this");
    expect(stdout).toContain("It is written.");
  });
});
