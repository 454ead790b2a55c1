import { execFile, execFileSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

import { Desk, fixture, nodeArguments } from "./orgtree-process.ts";

const execute = promisify(execFile);
const crew = commandLine("run", fixture("visible.ts"));
const talk = commandLine("run", fixture("talk.ts"), "--task", "the sea");

function commandLine(...args: readonly string[]): string {
  return [process.execPath, ...nodeArguments(), ...args].map((word) => `'${word}'`).join(" ");
}

function isThere(program: string, argument: string, says: string): boolean {
  try {
    return execFileSync(program, [argument], { encoding: "utf8" }).includes(says);
  } catch {
    return false; // Not installed, or another program of the same name.
  }
}

/** All that a terminal of this size is sent, escape sequences included. */
async function inTerminal(desk: Desk, command: string, { size, ...env }: Readonly<Record<string, string>>): Promise<string> {
  const words = `stty ${size}; exec ${command}`;
  const { stdout } = await execute("script", ["-qec", words, "/dev/null"], {
    cwd: desk.cwd,
    env: { ...desk.environment(), TERM: "xterm-256color", ...env },
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

/** Every agent has a model of its own, but the command wants to know of one. */
const key = { OPENAI_API_KEY: "k" };
const escape = "\u001b";

describe.runIf(isThere("script", "--version", "util-linux"))("orgtree run, in a terminal", { concurrent: true }, () => {
  test("draws the tree with what happens, at most ten times a second, and gives the cursor back", async () => {
    await using desk = await Desk.open();
    const started = performance.now();
    const output = await inTerminal(desk, crew, { size: "cols 80 rows 30" });
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
      /^├─ gate {6}● closed$/m,
      /^ {3}● at rest {2}[⠀-⣿] at work: asks a model, acts with tools {2}↻ restarts {2}○ ended$/m,
    ]) {
      expect(
        texts.some((picture) => sight.test(picture)),
        `${String(sight)} in\n${texts.at(-2)}`,
      ).toBe(true);
    }
    expect(output).toContain(`${escape}[32m`);
    // What stays: the tree and the last notes as they were at the end, then the report.
    expect(texts.at(-1)).toMatch(/├─ gate {6}○ open\n└─ lead {6}○ done\n\n.*✔ gate {6}opens: .*diff --git .*✔ done in/s);
    expect(await desk.leftovers()).toEqual([]);
  });

  test("has no colours with NO_COLOR, and lines on a dumb terminal", async () => {
    await using desk = await Desk.open();
    const [colourless, plain] = await Promise.all([
      inTerminal(desk, talk, { size: "cols 40 rows 12", NO_COLOR: "1", ...key }),
      inTerminal(desk, talk, { size: "cols 80 rows 30", TERM: "dumb", ...key }),
    ]);
    expect(colourless).not.toMatch(new RegExp(`${escape}\\[[\\d;]*m`));
    expect(colourless).toContain("├─ writer");
    expect(plain).not.toContain(escape);
    expect(plain).toContain("writer  idle → asking");
  });
});

describe.runIf(isThere("tmux", "-V", "tmux"))("orgtree run, on a screen", { concurrent: true }, () => {
  test.each([
    {
      columns: 80,
      closing:
        /from the end of\na pier begins to hear it breathe under the planks\.\n\n✔ done in [\d.]+ s\n {2}on the way: 2 failures answered\n/,
    },
    { columns: 120, closing: /hear it breathe under\nthe planks\.\n\n✔ done in/ },
  ])(
    "of $columns columns leaves the tree, what happened last and the report, once, no line broken in a word",
    async ({ columns, closing }) => {
      await using desk = await Desk.open();
      const env = { ...desk.environment(), ...key, TMUX_TMPDIR: desk.cwd, LANG: "C.UTF-8", SHELL: "/bin/sh" };
      const tmux = async (...args: string[]): Promise<string> =>
        (await execute("tmux", ["-f", "/dev/null", ...args], { cwd: desk.cwd, env })).stdout;
      try {
        await tmux("new-session", "-d", "-x", String(columns), "-y", "40", `${talk}; tmux wait-for -S ended; exec cat`);
        await tmux("wait-for", "ended");
        const screen = await tmux("capture-pane", "-p", "-S", "-");
        expect(screen).toMatch(/^desk: writer, editor\n/);
        expect(screen).not.toMatch(/[⠀-⣿]/);
        for (const once of ["├─ editor  ○ idle", "└─ lead    ○ done", "✗ writer  (×2) model-error/refusal", "✔ done in"])
          expect(screen.split(once), `${once} in\n${screen}`).toHaveLength(2);
        expect(screen).toMatch(closing);
      } finally {
        await tmux("kill-server");
      }
    },
  );
});
