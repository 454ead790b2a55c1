import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { silence, startChatServer } from "@orgtree/model/testing";
import { describe, expect, test } from "vitest";

import { bugfix, Desk, fixture, nodeArguments } from "./orgtree-process.ts";

const execute = promisify(execFile);

/** Processes with exactly this command line. */
async function processesOf(command: string): Promise<string[]> {
  const { stdout } = await execute("ps", ["-eo", "args"]);
  return stdout.split("\n").filter((line) => line.trim() === command);
}

let marks = 0;

/** A check that tells its process id through a named pipe, which is a barrier, and then never ends. */
async function endlessCheck(desk: Desk): Promise<{ readonly command: string; readonly started: Promise<string>; readonly mark: string }> {
  const pipe = join(desk.cwd, "started");
  await execute("mkfifo", [pipe]);
  // Tests run side by side, and a process is known by its command line only.
  const mark = `86${Date.now()}${++marks}`;
  return { command: `echo $$ > ${pipe}; exec sleep ${mark}`, started: readFile(pipe, "utf8"), mark };
}

describe.concurrent("orgtree run, interrupted", () => {
  test("by one SIGINT stops in order, keeps what there is, exits with 130, and goes on when it is told to", async () => {
    await using desk = await Desk.open();
    const orgtree = desk.start(["run", fixture("quick.ts"), "--out", "mend.patch"]);
    await orgtree.line("worker    calls replace_text");
    orgtree.signal("SIGINT");
    const { code, stdout, stderr } = await orgtree.ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    expect(stdout).toContain("interrupted: stopping in order; once more exits at once\n");
    expect(stdout).toMatch(/✗ interrupted after [\d.]+ s, stopped in order\n/);
    expect(await readFile(join(desk.cwd, "mend.partial.patch"), "utf8")).toContain("% 24");
    expect(await desk.leftovers()).toHaveLength(1);
    const [, ...resume] = /orgtree (run .* --resume .*\.journal)/.exec(stdout)![1]!.split(" ");
    const resumed = await desk.run(["run", ...resume]);
    expect(resumed).toMatchObject({ code: 0, stderr: "" });
    expect(resumed.stdout).toContain("goes on where it was: ");
    expect(await readFile(join(desk.cwd, "mend.patch"), "utf8")).toContain("% 24");
    expect(await desk.leftovers()).toEqual([]);
  });

  test("by one SIGTERM does the same, and ends its JSON with a result", async () => {
    await using desk = await Desk.open();
    const orgtree = desk.start(["run", fixture("quick.ts"), "--json"]);
    await orgtree.line('"tool":"replace_text"');
    orgtree.signal("SIGTERM");
    const { code, stdout } = await orgtree.ended;
    expect(code).toBe(130);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly type: string });
    expect(lines.filter(({ type }) => type === "interrupted")).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({ type: "result", status: "cancelled", exitCode: 130, patch: expect.stringContaining("% 24") });
  });

  test("while a check runs ends the check too", async () => {
    await using desk = await Desk.open();
    const repo = await desk.tideTable("repo");
    const { command, started, mark } = await endlessCheck(desk);
    const orgtree = desk.start([
      "run",
      bugfix,
      "--repo",
      repo,
      "--check",
      command,
      "--task",
      "Mend.",
      "--base-url",
      "http://127.0.0.1:1/v1",
    ]);
    await started;
    expect(await processesOf(`sleep ${mark}`)).toHaveLength(1);
    orgtree.signal("SIGINT");
    const { code, stdout } = await orgtree.ended;
    expect(code).toBe(130);
    expect(stdout).toContain("✗ interrupted before the organization was started\n");
    expect(await processesOf(`sleep ${mark}`)).toEqual([]);
    expect(await desk.leftovers()).toEqual([]);
  });

  test("while a model is silent does not wait for it", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: () => silence() });
    const orgtree = desk.start(["run", fixture("quick.ts"), "--no-journal", "--base-url", server.url]);
    await server.received(1);
    orgtree.signal("SIGINT");
    const { code, stdout } = await orgtree.ended;
    expect(code).toBe(130);
    expect(stdout).toContain("nothing had been changed");
    expect(await desk.leftovers()).toEqual([]);
  });

  test("twice exits at once and still leaves nothing", async () => {
    await using desk = await Desk.open();
    const repo = await desk.tideTable("repo");
    const { command, started, mark } = await endlessCheck(desk);
    // It does not go when it is asked to: only the second signal ends it before its grace has passed.
    const orgtree = desk.start([
      "run",
      bugfix,
      "--repo",
      repo,
      "--check",
      `trap "" TERM; ${command}`,
      "--task",
      "Mend.",
      "--base-url",
      "http://127.0.0.1:1/v1",
    ]);
    await started;
    orgtree.signal("SIGINT");
    await orgtree.line("interrupted: stopping in order");
    orgtree.signal("SIGINT");
    const { code, stdout } = await orgtree.ended;
    expect(code).toBe(130);
    expect(stdout).not.toContain("before the organization was started");
    expect(await processesOf(`sleep ${mark}`)).toEqual([]);
    expect(await desk.leftovers()).toEqual([]);
  });

  test("by SIGKILL without a journal leaves its directory to the next run, which removes it, and none of a run that lives", async () => {
    await using desk = await Desk.open();
    await using server = await startChatServer({ replies: () => silence() });
    const start = () => desk.start(["run", fixture("quick.ts"), "--no-journal", "--base-url", server.url]);
    const [killed, alive] = [start(), start()];
    const [copy, kept] = await Promise.all([killed, alive].map((orgtree) => orgtree.line("  copy ")));
    const directoryOf = (line: string): string => /orgtree-run-\w+/.exec(line)![0];
    killed.signal("SIGKILL");
    await killed.ended;
    await mkdir(join(desk.temporary, "orgtree-run-nobodys"));
    expect((await desk.leftovers()).toSorted()).toEqual([directoryOf(copy!), directoryOf(kept!), "orgtree-run-nobodys"].toSorted());
    expect((await desk.run(["run", fixture("talk.ts"), "--task", "the sea"], { OPENAI_API_KEY: "k" })).code).toBe(0);
    expect((await desk.leftovers()).toSorted()).toEqual([directoryOf(kept!), "orgtree-run-nobodys"].toSorted());
    alive.signal("SIGINT");
    expect((await alive.ended).code).toBe(130);
    expect(await desk.leftovers()).toEqual(["orgtree-run-nobodys"]);
  });

  test("by a reader that goes away stops as well", async () => {
    await using desk = await Desk.open();
    const orgtree = desk.start(["run", fixture("quick.ts"), "--no-journal"]);
    await orgtree.line("planner   calls list_files");
    orgtree.stopReading();
    const { code, stderr } = await orgtree.ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    expect(await desk.leftovers()).toEqual([]);
  });

  test("works through a pipe into head", async () => {
    await using desk = await Desk.open();
    const words = [process.execPath, ...nodeArguments(), "run", fixture("talk.ts"), "--no-journal", "--task", "the sea"];
    const command = words.map((word) => `'${word}'`).join(" ");
    const { stdout } = await execute("/bin/sh", ["-c", `${command} | head -n 1`], {
      cwd: desk.cwd,
      env: { ...desk.environment(), OPENAI_API_KEY: "k" },
    });
    expect(stdout).toBe("desk: writer, editor\n");
    expect(await desk.leftovers()).toEqual([]);
  });
});
