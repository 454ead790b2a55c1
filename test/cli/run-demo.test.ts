import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { failure, startChatServer } from "@orgtree/model/testing";
import { describe, expect, test } from "vitest";

import { bugfix, checkTideTable, Desk, fixture, git } from "./orgtree-process.ts";

/** The four failures of the script, each with its decision and its recovery, in order. */
const story = [
  "✗ worker    crash: planted by the script: cannot read the message of undefined",
  "↻ bugfix    decides on worker: restart",
  "● worker    starts afresh: life 2",
  "✗ worker    unfounded-claim: it says that check passed, but never ran run_check for it",
  "↻ bugfix    decides on worker: restart",
  "● worker    starts afresh: life 3",
  '! worker    yellow alarm: read_file({"path":"src/tides.js"}) 2 times with the same outcome',
  '! worker    red alarm: read_file({"path":"src/tides.js"}) 4 times in a row with the same outcome',
  '✗ worker    loop: read_file({"path":"src/tides.js"}) 4 times in a row with the same outcome',
  "↻ bugfix    decides on worker: restart",
  "● worker    starts afresh: life 4",
  "✗ verifier  refuses the work: check failed (exit code 1: expects one that is more than a period away)",
  "■ gate      stays closed: check failed: exit code 1",
  "lead      holding → working",
  "✔ verifier  accepts the work: 2 checks executed and passed",
  "✔ gate      opens: every check has passed",
  "lead      holding → done",
];

const restart = { supervisor: "/bugfix", child: "worker", decision: "restart", directive: "restart" };

/** What the log says of the same: one line for each decision. */
const decisions = [
  { ...restart, causes: [expect.stringMatching(/^crash /)] },
  { ...restart, causes: [expect.stringMatching(/^unfounded-claim/)] },
  { ...restart, causes: [expect.stringMatching(/^loop/)] },
  { context: "auto-shutdown", child: "lead" },
];

function decisionsIn(log: string): object[] {
  return log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
}

describe.concurrent("orgtree run, without a key", () => {
  test("plays the script: each failure, its decision, its recovery, then the verified patch and a summary", async () => {
    await using desk = await Desk.open();
    const { code, stdout, stderr } = await desk.run(["run", bugfix, "--out", "mend.patch", "--log", "decisions.log"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")[0]).toBe("No OPENAI_API_KEY: a script plays the model, with its mistakes, on the bundled repository.");
    let from = 0;
    for (const line of story) {
      const at = stdout.indexOf(line, from);
      expect(at, `${line} after\n${stdout.slice(0, from)}`).toBeGreaterThanOrEqual(from);
      from = at + 1;
    }
    expect(stdout).toContain("+  while (next <= minute) next += tidalPeriod;");
    expect(stdout).toMatch(/^worker +12 +9 +[\d,]+ +\$0\.\d{4} +3$/m);
    expect(stdout).toMatch(/✔ done in [\d.]+ s: the patch has passed `node --test`, run by somebody who did not write it\n/);
    expect(stdout).toContain("3 failures answered, 1 piece of work held back; nothing unproven got out");
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toContain("it is in mend.patch");
    expect(await readFile(join(desk.cwd, "mend.patch"), "utf8")).toMatch(/^diff --git a\/src\/parse\.js/);
    expect(decisionsIn(await readFile(join(desk.cwd, "decisions.log"), "utf8"))).toMatchObject(decisions);
    expect(await desk.leftovers()).toEqual([]);
  });

  test("prints JSON and nothing else with --json, and a patch that makes the check pass in a fresh copy", async () => {
    await using desk = await Desk.open();
    const { code, stdout, stderr } = await desk.run(["run", fixture("quick.ts"), "--json", "--log", "-"]);
    expect(code).toBe(0);
    expect(decisionsIn(stderr)).toMatchObject(decisions);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown> & { type: string });
    expect(events[0]).toMatchObject({
      type: "run",
      organization: { name: "bugfix" },
      model: "scripted",
      notice: expect.stringContaining("OPENAI_API_KEY"),
    });
    const types = events.map(({ type }) => type);
    for (const type of [
      "actor-started",
      "state-changed",
      "actor-failed",
      "report",
      "restart-scheduled",
      "model",
      "tool",
      "check",
      "verdict",
      "alarm",
      "emitted",
    ])
      expect(types).toContain(type);
    expect(types.filter((type) => type === "result")).toHaveLength(1);
    const result = events.at(-1)! as { type: string; patch: string };
    expect(result).toMatchObject({
      type: "result",
      status: "done",
      exitCode: 0,
      report: { agents: [{ name: "planner" }, {}, { name: "worker", restarts: 3 }, {}] },
    });

    const repo = await desk.tideTable("fresh");
    expect(await checkTideTable(repo)).toBe(1);
    await writeFile(join(desk.cwd, "mend.patch"), result.patch);
    await git(repo, "apply", join(desk.cwd, "mend.patch"));
    expect(await checkTideTable(repo)).toBe(0);
    expect(await desk.leftovers()).toEqual([]);
  });
});

describe.concurrent("orgtree run, of a file with a demo that needs no repository", () => {
  test("plays its script", async () => {
    await using desk = await Desk.open();
    for (const args of [[], ["--scripted"]]) {
      const { code, stdout } = await desk.run(["run", fixture("played.ts"), ...args]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/a script plays the model, with its mistakes\.\n/);
      expect(stdout).toMatch(/\n {2}task +the sea\n/);
      expect(stdout).toMatch(/\nThe sea is old\.\n\n✔ done in/);
    }
  });
});

describe.concurrent("orgtree run, when the organization fails", () => {
  test("exits with 1, names the failure and keeps the patch as far as it got apart from a good one", async () => {
    await using desk = await Desk.open();
    await desk.write("mend.patch", "an earlier one\n");
    // With a key, which the script has no use for.
    const env = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "http://127.0.0.1:1/v1" };
    const { code, stdout, stderr } = await desk.run(["run", fixture("hopeless.ts"), "--scripted", "--out", "mend.patch"], env);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^--scripted: a script plays the model, with its mistakes, on the bundled repository\.\n/);
    expect(stderr).toMatch(/^orgtree: bugfix gave up on lead: rejected at \/bugfix\/lead: .*check failed.*\n$/);
    expect(stdout).toMatch(/✗ failed in [\d.]+ s: rejected at \/bugfix\/lead: .*check failed/);
    expect(stdout).toContain("mend.partial.patch: it has not passed the check");
    // Nobody shall take it for what this run has made.
    expect(stdout).toMatch(/note +there was a patch already: it is in .*\/mend\.previous\.patch now\n/);
    expect((await readdir(desk.cwd)).toSorted()).toEqual(["mend.partial.patch", "mend.previous.patch"]);
    expect(await readFile(join(desk.cwd, "mend.previous.patch"), "utf8")).toBe("an earlier one\n");
    expect(await readFile(join(desk.cwd, "mend.partial.patch"), "utf8")).toContain("+  const hours = Math.floor(minute / 60) % 24;");
    expect(await desk.leftovers()).toEqual([]);
  });

  test("says the same as JSON", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: () => failure(401, { message: "Incorrect API key provided." }) });
    const { code, stdout, stderr } = await desk.run(["run", fixture("desk.ts"), "--task", "the sea", "--base-url", server.url, "--json"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^orgtree: desk gave up on writer: model-error\/auth at \/desk\/writer: /);
    const result = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as object;
    expect(result).toMatchObject({ type: "result", status: "failed", exitCode: 1, failure: { class: "model-error" } });
  });
});
