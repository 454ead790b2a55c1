import { execFile, spawn, type ChildProcess } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const top = fileURLToPath(new URL("../../", import.meta.url));
const main = join(top, "packages", "cli", "src", "main.ts");
const execute = promisify(execFile);

/** A place for one test: a directory to work in, and a temporary directory of its own, to see that nothing is left in it. */
export class Desk implements AsyncDisposable {
  readonly cwd: string;
  readonly #home: string;

  static async open(): Promise<Desk> {
    return new Desk(await Desk.makeHome());
  }

  protected static async makeHome(): Promise<string> {
    const home = await realpath(await mkdtemp(join(tmpdir(), "orgtree-cli-test-")));
    for (const name of ["cwd", "tmp"]) await mkdir(join(home, name));
    return home;
  }

  protected constructor(home: string) {
    this.#home = home;
    this.cwd = join(home, "cwd");
  }

  /** Starts the command. Nothing of the environment of the tests comes through. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): OrgtreeProcess {
    const child = spawn(process.execPath, [...nodeArguments(), ...args], {
      cwd: this.cwd,
      env: { ...this.environment(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new OrgtreeProcess(child);
  }

  /** Runs the command to its end. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start(args, env).ended;
  }

  /** Runs the command in this process, one at a time: for what needs no signals, no terminal and no exit code of a process. */
  call(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    // By Node and not by vitest: it imports the user's file then as Node does, with Node's own errors.
    const { callProgram } = createRequire(import.meta.url)("@orgtree/cli/testing") as typeof import("@orgtree/cli/testing");
    return callProgram(args, { cwd: this.cwd, temporary: join(this.#home, "tmp"), env });
  }

  environment(): Record<string, string> {
    return { PATH: process.env["PATH"] ?? "", HOME: this.#home, TMPDIR: join(this.#home, "tmp") };
  }

  /** What the command takes for the system's temporary directory. */
  get temporary(): string {
    return join(this.#home, "tmp");
  }

  /** What the command has left in the temporary directory. */
  leftovers(): Promise<string[]> {
    return readdir(this.temporary);
  }

  /** Writes a file into the working directory and gives its path. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.cwd, name);
    await writeFile(path, text);
    return path;
  }

  /** A fresh git repository with the broken library of the bug-fix example. */
  async tideTable(name: string): Promise<string> {
    const repo = join(this.#home, name);
    for (const [path, content] of await tideTable()) {
      await mkdir(dirname(join(repo, path)), { recursive: true });
      await writeFile(join(repo, path), content);
    }
    return repo;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#home, { recursive: true, force: true });
  }
}

let tideTableMade: Promise<ReadonlyMap<string, Buffer>> | undefined;

/** The files of the repository that each test gets one of, `.git` included; git makes them once. */
function tideTable(): Promise<ReadonlyMap<string, Buffer>> {
  tideTableMade ??= makeTideTable();
  return tideTableMade;
}

async function makeTideTable(): Promise<ReadonlyMap<string, Buffer>> {
  const repo = await mkdtemp(join(tmpdir(), "orgtree-cli-test-"));
  await cp(join(top, "examples", "bugfix", "repo"), repo, { recursive: true });
  const author = ["-c", "user.name=somebody", "-c", "user.email=somebody@localhost", "-c", "maintenance.auto=false"];
  await git(repo, "init", "--quiet", "--template=");
  await git(repo, "add", "--all");
  await git(repo, ...author, "commit", "--quiet", "--message", "broken");
  const files = (await readdir(repo, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map((entry) => relative(repo, join(entry.parentPath, entry.name)));
  const contents = await Promise.all(paths.map(async (path) => [path, await readFile(join(repo, path))] as const));
  await rm(repo, { recursive: true });
  return new Map(contents);
}

/** How a process ended, and all that it printed. */
export interface Ended {
  readonly code: number | null;
  /** What has ended it, where it did not end by itself. */
  readonly signal?: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export class OrgtreeProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<(line: string | undefined) => void>();

  constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({ input: child.stdout! }).on("line", (line) => {
      this.#lines.push(line);
      for (const hear of this.#waiting) hear(line);
    });
    this.ended = this.#watch();
  }

  /** The first line with this text in it, also one that has come already. Rejects when the process ends without it. */
  line(text: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const hear = (line: string | undefined): void => {
      if (line !== undefined && !line.includes(text)) return;
      this.#waiting.delete(hear);
      if (line === undefined) reject(new Error(`it ended without "${text}":\n${this.#lines.join("\n")}`));
      else resolve(line);
    };
    const before = this.#lines.find((line) => line.includes(text));
    if (before !== undefined) resolve(before);
    else this.#waiting.add(hear);
    return promise;
  }

  /** Resolves once so many lines have come; false when it ended before. */
  lines(count: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const hear = (line: string | undefined): void => {
      if (line !== undefined && this.#lines.length < count) return;
      this.#waiting.delete(hear);
      resolve(line !== undefined);
    };
    if (this.#lines.length >= count) resolve(true);
    else this.#waiting.add(hear);
    return promise;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Closes the reading end of its standard output, as `head` does. */
  stopReading(): void {
    this.#child.stdout!.destroy();
  }

  async #watch(): Promise<Ended> {
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      this.#child[name]!.setEncoding("utf8").on("data", (text: string) => (output[name] += text));
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
      this.#child.once("close", (...how) => resolve(how as [number | null, NodeJS.Signals | null])),
    );
    for (const hear of this.#waiting) hear(undefined);
    return { code, ...(signal === null ? {} : { signal }), ...output };
  }
}

/** Begins a run and kills it once its output says this. */
export async function killAt(desk: Desk, line: string, args: readonly string[]): Promise<Ended> {
  const orgtree = desk.start(["run", ...args]);
  await orgtree.line(line);
  orgtree.signal("SIGKILL");
  return await orgtree.ended;
}

/** What runs the command from its source. */
export function nodeArguments(): string[] {
  return ["--conditions=@orgtree/source", main];
}

/** The path of a fixture of these tests. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** The organization of the bug-fix example. */
export const bugfix: string = join(top, "examples", "bugfix", "org.ts");

/** Runs git in a repository, without anybody's configuration, and gives what it prints. */
export async function git(repo: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: repo, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  return (await execute("git", args, { cwd: repo, env })).stdout;
}

/** The exit code of the check of the bug-fix example in a repository. */
export async function checkTideTable(repo: string): Promise<number> {
  const { PATH = "" } = process.env;
  return execute(process.execPath, ["test/tides.test.js"], { cwd: repo, env: { PATH } }).then(
    () => 0,
    ({ code }: { readonly code: number }) => code,
  );
}
