import { execFile, execFileSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

import { bugfix, Desk, nodeArguments } from "./orgtree-process.ts";

const execute = promisify(execFile);
const command = [process.execPath, ...nodeArguments(), "run", bugfix].map((word) => `'${word}'`).join(" ");

function isThere(program: string, argument: string, says: string): boolean {
  try {
    return execFileSync(program, [argument], { encoding: "utf8" }).includes(says);
  } catch {
    return false; // Not installed, or another program of the same name.
  }
}

/** All that a terminal of this size is sent, escape sequences included. */
async function inTerminal(desk: Desk, size: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const words = `stty ${size}; exec ${command}`;
  const { stdout } = await execute("script", ["-qec", words, "/dev/null"], {
    cwd: desk.cwd,
    env: { ...desk.environment(), TERM: "xterm-256color", ...env },
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

const escape = "\u001b";

describe.runIf(isThere("script", "--version", "util-linux"))("orgtree run, in a terminal", () => {
  test("draws the tree with what happens, at most ten times a second, and gives the cursor back", async () => {
    await using desk = await Desk.open();
    const started = performance.now();
    const output = await inTerminal(desk, "cols 80 rows 30");
    const seconds = (performance.now() - started) / 1_000;
    expect(output.split(`${escape}[?25l`)).toHaveLength(2);
    expect(output.split(`${escape}[?25h`)).toHaveLength(2);
    expect(output.indexOf(`${escape}[?25h`)).toBeGreaterThan(output.indexOf(`${escape}[?25l`));
    const pictures = output.split(`${escape}[J`);
    expect(pictures.length).toBeLessThan(seconds * 10 + 3);
    const texts = pictures.map((picture) => stripVTControlCharacters(picture).replaceAll("\r", ""));
    for (const picture of texts.slice(1, -1)) {
      const lines = picture.split("\n");
      expect(lines.length).toBeLessThanOrEqual(30);
      for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(80);
    }
    for (const sight of [
      /^├─ planner {3}[⠀-⣿] a(sking|cting)/m,
      /^├─ worker {4}↻ restarting in 0\.\d s/m,
      /^├─ worker {4}. \w+ +↻ 3 +[\d,]+ tokens$/m,
      /✗ worker +loop: read_file/,
      /^├─ gate {6}● shut$/m,
    ]) {
      expect(
        texts.some((picture) => sight.test(picture)),
        `${String(sight)} in\n${texts.at(-2)}`,
      ).toBe(true);
    }
    expect(output).toContain(`${escape}[32m`);
    expect(texts.at(-1)).toContain("✔ done in");
    expect(await desk.leftovers()).toEqual([]);
  });

  test("has no colours with NO_COLOR, and lines on a dumb terminal", async () => {
    await using desk = await Desk.open();
    const [colourless, plain] = await Promise.all([
      inTerminal(desk, "cols 40 rows 12", { NO_COLOR: "1" }),
      inTerminal(desk, "cols 80 rows 30", { TERM: "dumb" }),
    ]);
    expect(colourless).not.toMatch(new RegExp(`${escape}\\[[\\d;]*m`));
    expect(colourless).toContain("├─ worker");
    expect(plain).not.toContain(escape);
    expect(plain).toContain("worker    idle → asking");
  });
});

describe.runIf(isThere("tmux", "-V", "tmux"))("orgtree run, on a screen", () => {
  test("leaves the report and nothing of the picture", async () => {
    await using desk = await Desk.open();
    const env = { ...desk.environment(), TMUX_TMPDIR: desk.cwd, LANG: "C.UTF-8", SHELL: "/bin/sh" };
    const tmux = async (...args: string[]): Promise<string> =>
      (await execute("tmux", ["-f", "/dev/null", ...args], { cwd: desk.cwd, env })).stdout;
    try {
      const stay = `${command}; tmux wait-for -S ended; exec cat`;
      await tmux("new-session", "-d", "-x", "70", "-y", "20", stay);
      await tmux("wait-for", "ended");
      const screen = await tmux("capture-pane", "-p", "-S", "-");
      expect(screen).toMatch(/^No OPENAI_API_KEY/);
      expect(screen).not.toMatch(/[├└]─/);
      expect(screen).not.toMatch(/[⠀-⣿]/);
      expect(screen.split("\n").filter((line) => line.includes("✔ done in"))).toHaveLength(1);
    } finally {
      await tmux("kill-server");
    }
  });
});
