import { existsSync } from "node:fs";
import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silence, startChatServer, type ChatReply, type ChatServerRequest } from "@orgtree/model/testing";
import { describe, expect, test } from "vitest";
import { bugfix, checkTideTable, Desk, fixture, git, killAt, type Ended } from "./orgtree-process.ts";
import { mending, noObjections, plan } from "./tide-model.ts";

/** The line `name  value` of the opening. */
function factOf({ stdout }: Ended, name: string): string {
  return new RegExp(`^  ${name} +(\\S+?),?( |$)`, "m").exec(stdout)![1]!;
}

interface Conversation {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** What a good model says, by the conversation alone. */
function answerTo({ messages }: Conversation): ChatReply {
  const { content } = messages[0]!;
  if (content.startsWith("You are planner")) return plan;
  if (content.startsWith("You are critic")) return noObjections;
  return mending[messages.filter(({ role }) => role === "assistant").length]!;
}

const state = (desk: Desk): string => join(desk.environment()["HOME"]!, ".local", "state", "orgtree");

describe.concurrent("orgtree run, killed with SIGKILL", () => {
  test("goes on with --resume, by its newest journal, and gives its result again", async () => {
    await using desk = await Desk.open();
    const killed = await killAt(desk, "worker    calls replace_text", [bugfix]);
    expect(killed.signal).toBe("SIGKILL");
    // What another run sees of it is not its own.
    expect((await desk.run(["run", fixture("talk.ts"), "--task", "the sea"], { OPENAI_API_KEY: "k" })).code).toBe(0);
    expect(existsSync(factOf(killed, "copy"))).toBe(true);
    const resumed = await desk.run(["run", bugfix, "--resume"]);
    expect(resumed).toMatchObject({ code: 0, stderr: "" });
    expect(resumed.stdout).toMatch(/goes on where it was: \d+ model calls, \d+ tool calls and 0 checks are done/);
    expect(resumed.stdout).not.toContain("planner   calls");
    // What was done before is in the report as well.
    expect(resumed.stdout).toMatch(/^planner +3 +2 /m);
    expect(resumed.stdout).toMatch(/^worker +12 +9 .* 3$/m);
    expect(await desk.leftovers()).toEqual([]);
    const again = await desk.run(["run", bugfix, "--resume"]);
    expect(again.code).toBe(0);
    const tail = (text: string): string => text.slice(text.indexOf("diff --git"));
    expect(tail(again.stdout)).toBe(tail(resumed.stdout));
  });

  test("goes on with a repository of one's own, and puts its patch where it was to go", async () => {
    await using desk = await Desk.open();
    const repo = await desk.tideTable("repo");
    const journal = join(desk.cwd, "own.journal");
    await using server = await startChatServer({ replies: ({ body }) => answerTo(body as unknown as Conversation) });
    const toServer = ["--base-url", server.url];
    const args = ["--repo", repo, "--check", "node test/tides.test.js", "--task", "Mend.", "--out", "own.patch", "--journal", journal];
    await killAt(desk, "worker    calls replace_text", [bugfix, ...args, ...toServer]);
    const { code } = await desk.run(["run", bugfix, "--resume", journal, ...toServer]);
    expect(code).toBe(0);
    // The call that was under way may have been made again, and no other.
    expect(server.requests.length).toBeLessThanOrEqual(mending.length + 3);
    await git(repo, "apply", join(desk.cwd, "own.patch"));
    expect(await checkTideTable(repo)).toBe(0);
    expect(await desk.leftovers()).toEqual([]);
  });

  test("is refused when its copy is gone, or was changed meanwhile", async () => {
    await using desk = await Desk.open();
    const killed = await killAt(desk, "worker    calls replace_text", [bugfix]);
    const copy = factOf(killed, "copy");
    const file = join(copy, "src", "tides.js");
    const before = await readFile(file, "utf8");
    await writeFile(file, `${before}// somebody was here\n`);
    const changed = await desk.run(["run", bugfix, "--resume"]);
    expect(changed).toMatchObject({ code: 2 });
    expect(changed.stderr).toContain("the workspace was changed while nobody worked in it: src/tides.js; put it back as it was");
    await rm(copy, { recursive: true });
    const gone = await desk.run(["run", bugfix, "--resume"]);
    expect(gone).toMatchObject({ code: 2 });
    expect(gone.stderr).toMatch(/the workspace .* cannot be used any more: .*; what was done in it is lost, so begin the run again/);
  });

  test("leaves its directory until no journal needs it", async () => {
    await using desk = await Desk.open();
    await killAt(desk, "worker    calls read_file", [bugfix]);
    const other = ["run", fixture("talk.ts"), "--no-journal", "--task", "the sea"];
    expect((await desk.run(other, { OPENAI_API_KEY: "k" })).code).toBe(0);
    expect(await desk.leftovers()).toHaveLength(1);
    for (const name of await readdir(state(desk))) await rm(join(state(desk), name));
    expect((await desk.run(other, { OPENAI_API_KEY: "k" })).code).toBe(0);
    expect(await desk.leftovers()).toEqual([]);
  });
});

describe.concurrent("orgtree run", () => {
  test("removes journals that nobody has named after 7 days, but for one that a process has open", async () => {
    await using desk = await Desk.open();
    await killAt(desk, "worker    calls read_file", [bugfix]);
    const alive = desk.start(["run", bugfix]);
    const journal = /\S+$/.exec(await alive.line("  journal "))![0];
    alive.signal("SIGSTOP");
    const weekAgo = new Date(Date.now() - 8 * 86_400_000);
    for (const name of await readdir(state(desk))) await utimes(join(state(desk), name), weekAgo, weekAgo);
    expect((await desk.run(["run", fixture("talk.ts"), "--task", "the sea"], { OPENAI_API_KEY: "k" })).code).toBe(0);
    const left = (await readdir(state(desk))).filter((name) => name.startsWith("bugfix") && name.endsWith(".journal"));
    expect(left.map((name) => join(state(desk), name))).toEqual([journal]);
    alive.signal("SIGCONT");
    expect((await alive.ended).code).toBe(0);
    expect((await desk.run(["run", bugfix, "--resume", journal])).code).toBe(0);
  });
});

describe.concurrent("orgtree run --resume", () => {
  test("is refused, with a remedy, without a journal, with options that are settled, and while the run lives", async () => {
    await using desk = await Desk.open();
    const journal = join(desk.cwd, "crew.journal");
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await desk.run(["run", bugfix, ...args]);
      expect(code).toBe(2);
      return stderr.trimEnd();
    };
    expect(await refused("--resume", journal)).toBe(`orgtree: there is no journal ${journal}; name the one that the run has printed`);
    expect(await refused("--resume")).toContain("there is no journal of bugfix in ");
    expect(await refused(journal)).toContain("write --resume before a journal");
    expect(await refused("--resume", "--task", "Mend.")).toContain("--resume goes on with what was begun, --task included; leave it out");
    expect(await refused("--resume", "--no-journal")).toContain("--no-journal and --resume exclude each other");
    const alive = desk.start(["run", bugfix, "--journal", journal]);
    await alive.line("planner   calls list_files");
    expect(await refused("--resume", journal)).toMatch(
      /crew\.journal: process \d+ on .* has it open for writing; end that process .* --take-over$/,
    );
    expect(await refused("--take-over")).toContain("--take-over means nothing without --resume");
    expect(await refused("--journal", journal)).toContain(`${journal} is there already; go on with it: --resume ${journal}`);
    alive.signal("SIGKILL");
    await alive.ended;
    const other = await desk.run(["run", fixture("quick.ts"), "--resume", journal]);
    if (other.code !== 0) expect(other.stderr).toContain("crew.journal");
    await writeFile(join(desk.cwd, "none.journal"), "no journal at all");
    expect(await refused("--resume", "none.journal")).toContain("none.journal");
  });

  test("goes on with the newest run that has not ended, and tells which one; of those that have, the newest gives its result again", async () => {
    await using desk = await Desk.open();
    const killed = factOf(await killAt(desk, "worker    calls read_file", [bugfix]), "journal");
    const done = await desk.run(["run", bugfix]);
    expect(done.code).toBe(0);
    const living = desk.start(["run", bugfix]);
    await living.line("planner   calls list_files");
    living.signal("SIGSTOP");
    const resumed = await desk.run(["run", bugfix, "--resume"]);
    expect(resumed).toMatchObject({ code: 0, stderr: "" });
    expect(factOf(resumed, "journal")).toBe(killed);
    expect(resumed.stdout).toContain("goes on where it was");
    living.signal("SIGKILL");
    const left = factOf(await living.ended, "journal");
    expect(factOf(await desk.run(["run", bugfix, "--resume"]), "journal")).toBe(left);
    const again = await desk.run(["run", bugfix, "--resume"]);
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(again.stdout).toMatch(/^bugfix: this run has ended; its result once more\n {2}task +\S.*\n/);
    expect(factOf(again, "journal")).toBe(left);
  });

  test("takes over from a process that does not end, when it is told to", async () => {
    await using desk = await Desk.open();
    const repo = await desk.tideTable("repo");
    // The worker of the first process waits for ever.
    const reply = ({ body }: ChatServerRequest, n: number): ChatReply => (n === 2 ? silence() : answerTo(body as unknown as Conversation));
    await using server = await startChatServer({ replies: reply });
    const args = ["--repo", repo, "--check", "node test/tides.test.js", "--task", "Mend."];
    const stuck = desk.start(["run", bugfix, ...args, "--base-url", server.url]);
    await server.received(3);
    stuck.signal("SIGSTOP");
    const resume = ["run", bugfix, "--resume", "--base-url", server.url];
    expect(await desk.run(resume)).toMatchObject({ code: 2, stderr: expect.stringContaining("--take-over") });
    expect(await desk.run([...resume, "--take-over"])).toMatchObject({ code: 0, stderr: "" });
    stuck.signal("SIGKILL");
    await stuck.ended;
  });

  test("is refused to another organization", async () => {
    await using desk = await Desk.open();
    const journal = join(desk.cwd, "crew.journal");
    await killAt(desk, "planner   calls list_files", [bugfix, "--journal", journal]);
    const { code, stderr } = await desk.run(["run", fixture("talk.ts"), "--resume", journal], { OPENAI_API_KEY: "k" });
    expect(code).toBe(2);
    expect(stderr).toContain("crew.journal is of a run of bugfix, not of desk; go on with what began it, or give another journal");
  });
});
