/** Forks of runs on a repository: each has a private copy of its own. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forkJournal, MemoryFile, MemoryJournal } from "@orgtree/journal";
import {
  agent,
  callTool,
  checkPasses,
  defineTool,
  fingerprintOf,
  ForkedRunError,
  organization,
  readRunLog,
  runOnRepository,
  scriptedModel,
  verifier,
  workspaceTools,
  type Organization,
  type Repository,
  type RepositoryResult,
} from "orgtree";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";

let directory: string;
let repo: string;

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "forked-runs-")));
  repo = join(directory, "repo");
  mkdirSync(repo);
  writeFileSync(join(repo, "a.txt"), "one two\n");
  const who = ["-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "maintenance.auto=false"];
  for (const args of [
    ["init", "--quiet"],
    ["add", "--all"],
    [...who, "commit", "--quiet", "--message=first"],
  ])
    execFileSync("git", args, { cwd: repo, stdio: "pipe" });
  vi.stubEnv("TMPDIR", directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const touch = ({ workspace }: Repository) =>
  defineTool({
    name: "touch",
    description: "Makes a file.",
    kind: "idempotent",
    inputSchema: z.object({}),
    execute: async () => writeFileSync(join(workspace.root, "made.txt"), "made\n"),
  });

const mender: Organization<Repository> = organization<Repository>({
  name: "mender",
  worksOn: "repository",
  contract: { criteria: (repository) => [checkPasses(repository)], fingerprint: fingerprintOf },
  tools: (repository) => [...Object.values(workspaceTools(repository.workspace)), touch(repository)],
  agents: {
    worker: agent({ purpose: "Mend.", tools: ["replace_text", "write_file", "touch"] }),
    verifier: verifier({ purpose: "Check." }),
  },
});

const replace = (oldText: string, newText: string) => callTool("replace_text", { path: "a.txt", oldText, newText });
const handIn = callTool("deliver", { summary: "Mended.", passed: [], unproven: ["check"] });
const edits = [
  replace("one", "1"),
  replace("nothing", "0"),
  callTool("write_file", { path: "b.txt", content: "b\n" }),
  replace("two", "2"),
];

/** Runs it, or goes on with it, by a script that is counted on. */
async function play(journal: MemoryJournal, script: readonly ReturnType<typeof callTool>[]): Promise<RepositoryResult> {
  const check = 'test "$(cat a.txt)" = "1 2"';
  const model = scriptedModel({ worker: [...script] });
  try {
    return await runOnRepository(mender, { repo, check, task: "Mend." }, { model, journal });
  } finally {
    await journal.close();
  }
}

/** Those of the turns of the worker. */
async function positionsOf(file: MemoryFile): Promise<number[]> {
  const positions: number[] = [];
  for await (const { address, position } of new MemoryJournal(file).read()) if (address === "/mender/worker") positions.push(position);
  return positions;
}

async function forkOf(file: MemoryFile, position: number): Promise<MemoryFile> {
  const target = new MemoryFile();
  await forkJournal(new MemoryJournal(file), new MemoryJournal(target), { at: { position } });
  return target;
}

const copies = (): string[] => readdirSync(directory).filter((name) => name.startsWith("orgtree-workspace-"));

describe("a fork of a run on a repository", () => {
  test("goes on from any position in a copy of its own, with what was done up to there", async () => {
    const file = new MemoryFile();
    const script = [...edits, handIn];
    const whole = await play(new MemoryJournal(file), script);
    expect(whole.status).toBe("done");
    const positions = await positionsOf(file);
    expect(positions.length).toBeGreaterThan(8);
    for (const position of positions.filter((_, at) => at % 2 === 0)) {
      const fork = await forkOf(file, position);
      const result = await play(new MemoryJournal(fork), script);
      expect([position, result.status, result.patch]).toEqual([position, "done", whole.patch]);
    }
    expect(copies()).toEqual([]);
  });

  test("leaves the copy of the original alone", async () => {
    const file = new MemoryFile();
    const stop = new AbortController();
    const model = scriptedModel((_request, n) => {
      if (n === 2) stop.abort();
      return [...edits, handIn][n]!;
    });
    const check = 'test "$(cat a.txt)" = "1 2"';
    const task = { repo, check, task: "Mend." };
    const cancelled = await runOnRepository(mender, task, { model, journal: new MemoryJournal(file), signal: stop.signal });
    expect(cancelled.status).toBe("cancelled");
    const { place } = (await readRunLog(new MemoryJournal(file)))!;
    const fork = new MemoryFile();
    await forkJournal(new MemoryJournal(file), new MemoryJournal(fork));
    expect((await play(new MemoryJournal(fork), [...edits, handIn])).status).toBe("done");
    expect((await readRunLog(new MemoryJournal(fork)))!.place!.home).not.toBe(place!.home);
    expect(existsSync(place!.home)).toBe(true);
    expect((await play(new MemoryJournal(file), [...edits, handIn])).status).toBe("done");
    expect(copies()).toEqual([]);
  });

  test("is refused by name where its copy cannot be made, and nothing is left", async () => {
    const file = new MemoryFile();
    expect((await play(new MemoryJournal(file), [edits[0]!, callTool("touch", {}), edits[3]!, handIn])).status).toBe("done");
    const positions = await positionsOf(file);
    const last = await play(new MemoryJournal(await forkOf(file, positions.at(-1)!)), []).catch((error: unknown) => error);
    expect(last).toBeInstanceOf(ForkedRunError);
    const { message } = last as Error;
    expect(message).toMatch(/^the journal is a fork, .*: of what touch has changed nothing is stored; fork it before: --at \d+$/);
    // At the position that it names it goes on.
    const script = [edits[0]!, callTool("touch", {}), edits[3]!, handIn];
    const before = await forkOf(file, Number(/\d+$/.exec(message)![0]));
    expect((await play(new MemoryJournal(before), script)).status).toBe("done");
    writeFileSync(join(repo, "a.txt"), "one two three\n");
    await expect(play(new MemoryJournal(await forkOf(file, positions[1]!)), [])).rejects.toThrow(
      `${repo} is not what it was when the run began; put it back as it was, or begin a run anew`,
    );
    expect(copies()).toEqual([]);
  });
});
