import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  agent,
  callTool,
  checkPasses,
  defineTool,
  fingerprintOf,
  organization,
  runOnRepository,
  scriptedModel,
  verifier,
  workspaceTools,
  type Criterion,
  type Organization,
  type Repository,
  type RepositoryResult,
  type RepositoryRunOptions,
} from "orgtree";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { runMode } from "./run-mode.ts";

let directory: string;
let repo: string;
/** What each test gets a copy of. */
let template: string;

beforeAll(() => {
  template = mkdtempSync(join(tmpdir(), "repository-run-"));
  write(template, { "answer.txt": "wrong\n", ".gitignore": "build/\n", "test.sh": "grep -q right answer.txt\n" });
  git(template, "init", "--quiet");
  git(template, "add", "--all");
  git(
    template,
    "-c",
    "user.name=T",
    "-c",
    "user.email=t@localhost",
    "-c",
    "maintenance.auto=false",
    "commit",
    "--quiet",
    "--message=first",
  );
});

afterAll(() => {
  rmSync(template, { recursive: true });
});

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "repository-run-")));
  vi.stubEnv("TMPDIR", join(directory, "tmp"));
  mkdirSync(join(directory, "tmp"));
  repo = join(directory, "repo");
  cpSync(template, repo, { recursive: true });
});

afterEach(() => {
  expect(readdirSync(join(directory, "tmp"))).toEqual([]);
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function git(cwd: string, ...args: readonly string[]): void {
  execFileSync("git", args, { cwd, stdio: "pipe" });
}

/** What a worker with a command could do: anything, in its workspace. */
type Deed = (root: string) => void;

const handIn = callTool("deliver", { summary: "All tests pass.", passed: [], unproven: ["check"] });
const doIt = callTool("do_it", {});

/** A crew of one and its verifier; the worker has a tool that does `deed`. */
function crewThat(deed: Deed, fingerprint: (repository: Repository) => Promise<string> = fingerprintOf): Organization<Repository> {
  return organization<Repository>({
    name: "crew",
    worksOn: "repository",
    agents: {
      worker: agent({ purpose: "Work.", tools: ["do_it", "write_file", "run_check"], backoff: { minMs: 1, maxMs: 1 } }),
      verifier: verifier({ purpose: "Check." }),
    },
    contract: { criteria: (repository) => [checkPasses(repository)], fingerprint },
    tools: ({ workspace }) => [
      ...Object.values(workspaceTools(workspace)),
      defineTool({
        name: "do_it",
        description: "Does it.",
        kind: "idempotent",
        inputSchema: z.object({}),
        execute: async () => deed(workspace.root),
      }),
    ],
  });
}

/** Runs the crew; the worker does its deed and hands in, as often as it is sent back. */
async function play(
  crew: Organization<Repository>,
  check = "sh test.sh",
  more: Partial<RepositoryRunOptions> = {},
): Promise<RepositoryResult> {
  const model = scriptedModel((_request, n) => (n % 2 === 0 ? doIt : handIn));
  return runOnRepository(crew, { repo, check, task: "Mend it." }, { ...runMode, model, ...more });
}

/** Whether the check passes in the original once it has the patch. */
function passesWith(patch: string, check = "sh test.sh"): boolean {
  if (patch !== "") execFileSync("git", ["apply"], { cwd: repo, input: patch });
  try {
    execFileSync("/bin/sh", ["-c", check], { cwd: repo, stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

describe("a run on a repository", () => {
  test("delivers a patch with which the check passes in the original, and leaves nothing", async () => {
    const result = await play(crewThat((root) => write(root, { "answer.txt": "right\n" })));
    expect(result).toMatchObject({ status: "done", output: { summary: "All tests pass.", unproven: ["check"] } });
    expect(passesWith(result.patch)).toBe(true);
  });

  test("delivers all of the work, though an ignore file of the worker's hides it", async () => {
    const check = "sh test.sh && test -f new/part.txt";
    const deed: Deed = (root) =>
      write(root, { ".gitignore": "*\n", "new/.gitignore": "*\n", "answer.txt": "right\n", "new/part.txt": "part\n" });
    const result = await play(crewThat(deed), check);
    expect(result.status).toBe("done");
    expect(passesWith(result.patch, check)).toBe(true);
  });

  test("does not accept work that passes only with files that the repository ignores", async () => {
    const check = "sh test.sh || grep -q right build/answer.txt";
    const result = await play(
      crewThat((root) => write(root, { "build/answer.txt": "right\n" })),
      check,
    );
    expect(result).toMatchObject({ status: "failed", failure: { class: "rejected" }, patch: "" });
  });

  test("does not let a tool write where nobody would see it", async () => {
    const crew = crewThat(() => {});
    const model = scriptedModel([
      callTool("write_file", { path: "build/answer.txt", content: "right" }),
      ...Array.from({ length: 9 }, () => handIn),
    ]);
    const result = await runOnRepository(crew, { repo, check: "sh test.sh", task: "Mend it." }, { ...runMode, model });
    expect(result.status).toBe("failed");
    expect(JSON.stringify(model.requests[1])).toContain("build/answer.txt may not be written: the repository ignores it (rule build/)");
  });

  test("does not accept a tree that is made right while the check runs and is wrong again afterwards", async () => {
    write(repo, { "test.sh": "sh begin.sh\ngrep -q right answer.txt\nfound=$?\nsh end.sh\nexit $found\n" });
    const deed: Deed = (root) =>
      write(root, { "begin.sh": `echo right > '${root}/answer.txt'\n`, "end.sh": `echo wrong > '${root}/answer.txt'\n` });
    const result = await play(crewThat(deed));
    expect(result).toMatchObject({ status: "failed", failure: { class: "rejected" } });
    expect(result.report.verdicts.every(({ accepted }) => !accepted)).toBe(true);
  });

  test("does not accept work that reaches through a link to what is not delivered", async () => {
    const deed: Deed = (root) => {
      write(directory, { "elsewhere.txt": "right\n" });
      rmSync(join(root, "answer.txt"));
      symlinkSync(join(directory, "elsewhere.txt"), join(root, "answer.txt"));
    };
    const result = await play(crewThat(deed));
    expect(result).toMatchObject({ status: "failed", failure: { class: "rejected" } });
    expect(result.report.verdicts[0]!.reason).toContain("the link answer.txt leads out of the repository");
  });

  test("has failed as unverified when the work changed after the hold point opened", async () => {
    let live = "";
    const crew = crewThat((root) => write((live = root), { "answer.txt": "right\n" }));
    const result = await play(crew, undefined, {
      onEntry: (entry) => {
        if (entry.kind === "hold" && entry.open) write(live, { "answer.txt": "right, and never checked\n" });
      },
    });
    expect(result).toMatchObject({
      status: "failed",
      failure: { class: "unverified", message: expect.stringContaining("changed afterwards") },
    });
  });

  test("delivers the tree that was approved, not what lies there when the patch is made", async () => {
    let hasOpened = false;
    // Whatever is still at work writes at the worst moment: when nobody looks any more.
    const crew = crewThat(
      (root) => write(root, { "answer.txt": "right\n" }),
      async (repository) => {
        const fingerprint = await fingerprintOf(repository);
        if (hasOpened) write(repository.workspace.root, { "answer.txt": "wrong again\n", "more.txt": "never checked\n" });
        return fingerprint;
      },
    );
    const onEntry: RepositoryRunOptions["onEntry"] = (entry) => void (hasOpened ||= entry.kind === "hold" && entry.open);
    const result = await play(crew, undefined, { onEntry });
    expect(result.status).toBe("done");
    expect(result.patch).not.toContain("more.txt");
    expect(passesWith(result.patch)).toBe(true);
  });

  test("does not accept work whose check was cut off, whatever the check says with its last breath", async () => {
    const flood = "process.on('SIGTERM', () => process.exit(0)); setInterval(() => process.stdout.write('x'.repeat(1e6)), 1)";
    const check = `grep -q right answer.txt || exit 1; exec node -e "${flood}"`;
    const result = await play(
      crewThat((root) => write(root, { "answer.txt": "right\n" })),
      check,
    );
    expect(result).toMatchObject({ status: "failed", failure: { class: "rejected" } });
    expect(result.report.verdicts[0]!.reason).toContain("check failed: stopped because it wrote without end");
  });

  test("does not accept work that git would convert to something else", async () => {
    write(repo, { ".gitattributes": "*.txt text eol=crlf\n", "answer.txt": "wrong\r\n", "test.sh": "grep -qx right answer.txt\n" });
    const result = await play(crewThat((root) => write(root, { "answer.txt": "right\n" })));
    expect(result).toMatchObject({ status: "failed", failure: { class: "rejected" } });
    expect(result.report.verdicts[0]!.reason).toContain("git apply would write other bytes into answer.txt");
  });

  test.each([
    { what: "the copy", doomed: (root: string) => root },
    { what: "all that belongs to it", doomed: (root: string) => dirname(root) },
  ])("ends, and has failed, when a command removes $what", async ({ doomed }) => {
    const result = await play(crewThat((root) => rmSync(doomed(root), { recursive: true })));
    expect(result).toMatchObject({ status: "failed", patch: "" });
    expect(JSON.stringify(result)).toContain("no directory at");
  });

  test("has failed as unverified when the copy is removed before the patch is made", async () => {
    let live = "";
    let taken = 0;
    const crew = crewThat(
      (root) => write((live = root), { "answer.txt": "right\n" }),
      async (repository) => {
        const fingerprint = await fingerprintOf(repository);
        taken += 1;
        // The hold point, the verifier before and after its check, and the end of the run.
        if (taken === 4) rmSync(live, { recursive: true });
        return fingerprint;
      },
    );
    expect(await play(crew)).toMatchObject({
      status: "failed",
      failure: { class: "unverified", message: "the patch of the work cannot be made", cause: { name: "DirectoryNotFoundError" } },
      output: { summary: "All tests pass." },
      patch: "",
    });
    expect(taken).toBe(4);
  });

  test("whose signal has aborted before it begins is cancelled", async () => {
    const result = await play(
      crewThat(() => {}),
      undefined,
      { signal: AbortSignal.abort(new Error("stop")) },
    );
    expect(result).toMatchObject({ status: "cancelled", patch: "", report: { agents: [{ name: "worker" }, { name: "verifier" }] } });
  });

  test.each<{ what: string; forge: (repository: Repository) => Criterion }>([
    { what: "another command", forge: (repository) => checkPasses({ ...repository, check: "true" }) },
    { what: "another copy", forge: ({ check, workspace }) => checkPasses({ check, workspace: { ...workspace } }) },
    {
      what: "another function in its place",
      forge: (repository) => {
        const criterion = checkPasses(repository);
        return { ...criterion, check: Object.assign(criterion.check, { run: async () => ({ passed: true, observed: "" }) }) };
      },
    },
  ])("is refused to an organization that is held to a check of $what", async ({ forge }) => {
    const crew = crewThat(() => {});
    const forged = { ...crew, contract: { criteria: (repository: Repository) => [forge(repository)], fingerprint: fingerprintOf } };
    await expect(play(forged)).rejects.toMatchObject({
      name: "SpecError",
      field: "contract",
      message: expect.stringContaining("does not hold its work to the check `sh test.sh`; add checkPasses(repository)"),
    });
  });

  test("is held to the criteria that were looked at, whatever the contract says when it is asked again", async () => {
    let asked = 0;
    const lax = { id: "lax", statement: "", check: { run: async () => ({ passed: true, observed: "" }) } };
    const criteria = (repository: Repository): Criterion[] => (asked++ === 0 ? [checkPasses(repository)] : [lax]);
    const crew = { ...crewThat(() => {}), contract: { criteria, fingerprint: fingerprintOf } };
    expect(await play(crew)).toMatchObject({ status: "failed", failure: { class: "rejected" } });
    expect(asked).toBe(1);
  });

  test("is refused to an organization that would not be held to the check", async () => {
    const model = scriptedModel([]);
    const task = { repo, check: "sh test.sh", task: "Mend it." };
    const refused = async (crew: Organization<Repository>): Promise<unknown> =>
      runOnRepository(crew, task, { model }).catch((error: unknown) => error);
    const crew = crewThat(() => {});
    const other = { id: "other", statement: "", check: { run: async () => ({ passed: true, observed: "" }) } };
    expect(await refused({ ...crew, worksOn: "task" })).toMatchObject({ name: "SpecError", field: "worksOn" });
    expect(await refused({ ...crew, contract: undefined })).toMatchObject({ name: "SpecError", field: "contract" });
    const unchecked = { criteria: () => [other], fingerprint: fingerprintOf };
    expect(await refused({ ...crew, contract: unchecked })).toMatchObject({ name: "SpecError", field: "contract" });
    const misspelt = { ...task, ignoredPath: [".venv"] };
    const error: unknown = await runOnRepository(crew, misspelt as never, { model }).catch((error: unknown) => error);
    expect(error).toMatchObject({
      name: "SpecError",
      field: "ignoredPath",
      message: expect.stringContaining("did you mean ignoredPaths?"),
    });
  });
});
