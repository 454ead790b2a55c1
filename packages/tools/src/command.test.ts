import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SpecError } from "@orgtree/core";
import { describe, expect, test, vi } from "vitest";
import { errorOf } from "../test-support/error-of.ts";
import { makeBarrier } from "../test-support/barrier.ts";
import { fakeClock } from "../test-support/fake-clock.ts";
import { expectGone, leftovers } from "../test-support/leftovers.ts";
import { directoryOfEachTest } from "../test-support/test-directory.ts";
import { type CommandOptions, runCommand } from "./command.ts";
import { CommandNotFoundError, CommandStartError, DirectoryNotFoundError } from "./errors.ts";

const directory = directoryOfEachTest();

/** A process of its own that runs this text, with `runCommand` at hand. */
function startHost(text: string) {
  const source = `import { runCommand } from ${JSON.stringify(join(import.meta.dirname, "index.ts"))};\n${text}`;
  const child = spawn(process.execPath, ["--conditions=@orgtree/source", "--input-type=module", "-e", source], {
    cwd: directory.path,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  return { stdin: child.stdin, ended: ended.then(() => new Promise(setImmediate)).then(() => child.exitCode) };
}

function run(command: CommandOptions["command"], options: Partial<CommandOptions> = {}) {
  return runCommand({ command, cwd: directory.path, ...options });
}

describe("runCommand", () => {
  test("gives output, exit code and time", async () => {
    const result = await run("echo out; echo err >&2; exit 3");
    expect(result).toEqual({
      exitCode: 3,
      signal: null,
      stdout: "out\n",
      stderr: "err\n",
      truncated: false,
      durationMs: expect.any(Number),
      timedOut: false,
      overflowed: false,
    });
    expect(result.durationMs).toBeGreaterThan(0);
  });

  test("runs a program with arguments that no shell reads", async () => {
    expect((await run(["printf", "%s|", "$HOME", "a b", "; exit 1"])).stdout).toBe("$HOME|a b|; exit 1|");
  });

  test("runs in cwd", async () => {
    expect((await run("pwd")).stdout.trim()).toBe(directory.path);
  });

  test("names the signal that ended the command", async () => {
    expect(await run("kill -SEGV $$")).toMatchObject({ exitCode: null, signal: "SIGSEGV", timedOut: false });
  });

  test("gives the input, and none unless there is one", async () => {
    expect((await run("cat", { input: "hello" })).stdout).toBe("hello");
    expect((await run("cat; echo end")).stdout).toBe("end\n");
  });

  test("does not mind a command that does not read its input", async () => {
    expect(await run("exec true", { input: "x".repeat(4_000_000) })).toMatchObject({ exitCode: 0 });
  });

  test("stays within its own process group and session", async () => {
    const [own = "", parent = ""] = (await run("cut -d' ' -f5,6 /proc/$$/stat; cut -d' ' -f5,6 /proc/$PPID/stat")).stdout.split("\n");
    expect(own).not.toBe(parent);
  });
});

describe("runCommand, environment", () => {
  test("hands on nothing but PATH, HOME, LANG, TMPDIR and what env names", async () => {
    vi.stubEnv("OPENAI_API_KEY", "sk-secret");
    vi.stubEnv("NODE_OPTIONS", "--title=secret");
    const { stdout } = await run(["env"], { env: { CI: "1" } });
    expect(stdout).not.toContain("secret");
    const names = stdout.split("\n").map((line) => line.split("=")[0]);
    expect(new Set(names.filter(Boolean))).toEqual(new Set(["CI", "HOME", "LANG", "PATH", "TMPDIR"]));
  });

  test("gives a home that is empty, writable and gone afterwards, read-only parts too", async () => {
    const { stdout } = await run('ls -A "$HOME"; mkdir "$HOME/mod"; echo x > "$TMPDIR/mod/y"; chmod 555 "$HOME/mod"; echo "$HOME"');
    expect(stdout).toMatch(/^\/.*orgtree-command-.*\n$/);
    expect(existsSync(stdout.trim())).toBe(false);
  });
});

describe("runCommand, what cannot be run", () => {
  test("rejects for an unknown program", async () => {
    const error = await errorOf(run(["no-such-program", "x"]));
    expect(error).toBeInstanceOf(CommandNotFoundError);
    expect(error).toMatchObject({ command: "no-such-program" });
  });

  test("leaves it to a shell to say that there is no such program", async () => {
    const result = await run("echo before; no-such-program");
    expect(result).toMatchObject({ exitCode: 127, stdout: "before\n", stderr: expect.stringContaining("no-such-program: ") });
  });

  test("rejects for an unknown program under a memory limit", async () => {
    expect(await errorOf(run(["no-such-program"], { maxMemoryBytes: 2 ** 30 }))).toBeInstanceOf(CommandNotFoundError);
  });

  test("rejects for a file that cannot be executed", async () => {
    await writeFile(join(directory.path, "text"), "x");
    await chmod(join(directory.path, "text"), 0o644);
    const error = await errorOf(run([join(directory.path, "text")]));
    expect(error).toBeInstanceOf(CommandStartError);
    expect(error).toMatchObject({ code: "EACCES", retryable: false });
  });

  test.each([
    ["NUL in an argument", ["echo", "a\0b"]],
    ["arguments that are too long", ["echo", "x".repeat(8 * 1024 * 1024)]],
  ] as const)("rejects for %s", async (_, command) => {
    expect(await errorOf(run(command))).toBeInstanceOf(CommandStartError);
  });

  test("rejects for a cwd that is not there, or a file", async () => {
    expect(await errorOf(run("true", { cwd: join(directory.path, "nowhere") }))).toBeInstanceOf(DirectoryNotFoundError);
    await writeFile(join(directory.path, "file"), "");
    const error = await errorOf(run("true", { cwd: join(directory.path, "file") }));
    expect(error).toBeInstanceOf(DirectoryNotFoundError);
    expect(error).toMatchObject({ path: join(directory.path, "file") });
  });

  test.each([
    [{ command: "" }, "command"],
    [{ command: [] }, "command"],
    [{ timeoutMs: 0 }, "timeoutMs"],
    [{ timeoutMs: Number.NaN }, "timeoutMs"],
    [{ killGraceMs: -1 }, "killGraceMs"],
    [{ maxOutputBytes: 0 }, "maxOutputBytes"],
    [{ maxMemoryBytes: 1000 }, "maxMemoryBytes"],
  ])("refuses %o", async (change, field) => {
    const error = await errorOf(run("true", change as never));
    expect(error).toBeInstanceOf(SpecError);
    expect(error).toMatchObject({ field });
  });
});

describe("runCommand, output", () => {
  test("keeps head and tail of each stream and marks the cut", async () => {
    const { stdout, stderr, truncated, exitCode } = await run("seq 1 2000; echo short >&2", { maxOutputBytes: 1_000 });
    expect(stdout).toMatch(/^1\n2\n3\n[^]*\n\[… 7893 bytes cut …\]\n[^]*\n1999\n2000\n$/);
    expect({ stderr, truncated, exitCode }).toEqual({ stderr: "short\n", truncated: true, exitCode: 0 });
  });

  test("stops what writes without end", async () => {
    const result = await run("yes", { maxOutputBytes: 10_000 });
    expect(result).toMatchObject({ overflowed: true, truncated: true, timedOut: false, exitCode: null, signal: "SIGTERM" });
    expect(result.stdout.length).toBeLessThan(10_100);
  });

  test("stops what writes without end on stderr, in a pipeline", async () => {
    expect(await run("yes | cat >&2", { maxOutputBytes: 10_000 })).toMatchObject({ overflowed: true, stdout: "" });
  });
});

describe("runCommand, deadline and abort", () => {
  test("sends the whole group SIGTERM at the deadline", async () => {
    const { reached } = makeBarrier(directory.path);
    const clock = fakeClock();
    const running = run("sleep 1000 & trap 'echo stopping; exit 7' TERM; echo started; echo $! > ready; wait", { timeoutMs: 500, clock });
    const sleeper = Number(await reached());
    clock.advance(500);
    expect(await running).toMatchObject({ timedOut: true, exitCode: 7, stdout: "started\nstopping\n", durationMs: 500 });
    await expectGone(sleeper);
    expect(clock.pending).toBe(0);
  });

  test("sends SIGKILL after the grace to what ignores SIGTERM", async () => {
    const { reached } = makeBarrier(directory.path);
    const clock = fakeClock();
    const running = run("trap '' TERM; sleep 1000 & echo $! > ready; wait; wait", { timeoutMs: 500, killGraceMs: 50, clock });
    const sleeper = Number(await reached());
    clock.advance(500);
    clock.advance(50);
    expect(await running).toMatchObject({ timedOut: true, exitCode: null, signal: "SIGKILL" });
    await expectGone(sleeper);
  });

  test("rejects with the signal's reason once the group is gone", async () => {
    const { reached } = makeBarrier(directory.path);
    const controller = new AbortController();
    const running = errorOf(run("sleep 1000 & echo $! > ready; wait", { signal: controller.signal }));
    const sleeper = Number(await reached());
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    expect(await running).toBe(reason);
    await expectGone(sleeper);
  });

  test("starts nothing when the signal is aborted already", async () => {
    expect(await errorOf(run("touch started", { signal: AbortSignal.abort("early") }))).toBe("early");
    expect(existsSync(join(directory.path, "started"))).toBe(false);
  });

  test("stops when the signal aborts while it is starting", async () => {
    const controller = new AbortController();
    const running = errorOf(run("sleep 1000", { signal: controller.signal }));
    controller.abort("at once");
    expect(await running).toBe("at once");
  });
});

describe("runCommand, what a command leaves behind", () => {
  test("does not wait for a background process that holds the pipes, and ends it", async () => {
    const { stdout, exitCode } = await run("sleep 1000 & echo $!");
    expect(exitCode).toBe(0);
    await expectGone(Number(stdout));
  });

  test("ends a background process that holds nothing", async () => {
    const { stdout } = await run("sleep 1000 >/dev/null 2>&1 & echo $!");
    await expectGone(Number(stdout));
  });

  test("ends a background process that ignores SIGTERM and SIGHUP", async () => {
    const { stdout } = await run("trap '' TERM HUP; sleep 1000 & echo $!");
    await expectGone(Number(stdout));
  });

  test("reads what a background process still writes soon after", async () => {
    makeBarrier(directory.path);
    // On a clock that stands still the grace does not pass, however slow the machine.
    const running = run("(cat ready; echo late) & echo early", { clock: fakeClock() });
    await writeFile(join(directory.path, "ready"), "");
    expect((await running).stdout).toBe("early\nlate\n");
  });

  test("ends a process that left the group", async () => {
    const daemon = `const { spawn } = require("node:child_process");
      const child = spawn("sleep", ["1000"], { detached: true, stdio: "inherit" });
      console.log(child.pid); child.unref();`;
    const { stdout } = await run([process.execPath, "-e", daemon]);
    await expectGone(Number(stdout));
  });

  test("leaves the processes of others alone", async () => {
    const others = execFile("sleep", ["1000"]);
    try {
      await run("sleep 1000 & true");
      expect(others.exitCode).toBe(null);
      expect(readFileSync(`/proc/${others.pid}/comm`, "utf8")).toBe("sleep\n");
    } finally {
      const gone = new Promise((resolve) => others.once("close", resolve));
      others.kill("SIGKILL");
      await gone;
    }
  });

  test("ends with this process", async () => {
    const { reached } = makeBarrier(directory.path);
    const host = startHost(`
      void runCommand({ command: "echo $$ > ready; exec sleep 1000", cwd: "." });
      process.stdin.once("data", () => process.exit(0));`);
    const sleeper = Number(await reached());
    host.stdin.write("exit");
    expect(await host.ended).toBe(0);
    await expectGone(sleeper);
    // It had no time to remove the home of its command.
    for (const name of leftovers().directories) await rm(join(directory.path, name), { recursive: true });
  });

  test("keeps no process alive: neither timer nor handle is left", async () => {
    const host = startHost(`
      await runCommand({ command: "sleep 1000 & echo", cwd: ".", timeoutMs: 3_600_000, signal: new AbortController().signal });
      await runCommand({ command: ["no-such-program"], cwd: ".", timeoutMs: 3_600_000, input: "x" }).catch(() => {});`);
    expect(await host.ended).toBe(0);
  });

  test("runs many at once and leaves nothing", async () => {
    const results = await Promise.all(Array.from({ length: 20 }, (_, index) => run(`sleep 1000 & echo ${index}`)));
    expect(results.map((result) => result.stdout.trim())).toEqual(results.map((_, index) => String(index)));
  });
});

describe("runCommand, memory", () => {
  const fill = (megabytes: number) =>
    `const a = []; for (let i = 0; i < ${megabytes}; i += 1) a.push(Buffer.alloc(1 << 20, 1)); console.log("filled " + a.length);`;

  test("lets Node run below the limit, and stops it above", async () => {
    const maxMemoryBytes = 1024 * 1024 * 1024;
    expect(await run([process.execPath, "-e", fill(100)], { maxMemoryBytes })).toMatchObject({ exitCode: 0, stdout: "filled 100\n" });
    const above = await run([process.execPath, "-e", fill(1_000)], { maxMemoryBytes });
    expect(above.exitCode).not.toBe(0);
    expect(above.stdout).toBe("");
  });

  test("limits what a shell starts too", async () => {
    expect((await run("ulimit -d", { maxMemoryBytes: 64 * 1024 * 1024 })).stdout).toBe("65536\n");
    expect((await run("ulimit -d")).stdout).toBe("unlimited\n");
  });
});
