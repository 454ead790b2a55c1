import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Bench, Comparison, Sample } from "./bench.ts";
import { erlangModule } from "./erlang-module.ts";

/** A contender that is ready to work. */
export interface Open {
  round(size: number): Promise<Sample>;
  close(): Promise<void>;
}

/** Longest round, in milliseconds; a contender that hangs must not hang the bench. */
const roundMs = 900_000;

/** Starts a contender in a process of its own; undefined where what it needs is not there. */
export async function openContender(bench: Bench, comparison: Comparison, name: string): Promise<Open | undefined> {
  const contender = comparison.contenders[name]!;
  return contender.runs === "node" ? openNode([bench.name, comparison.name, name]) : openErlang(contender.job, name);
}

async function openNode(path: readonly [string, string, string]): Promise<Open | undefined> {
  const file = new URL(`../${path[0]}.ts`, import.meta.url).href;
  const child = fork(fileURLToPath(new URL("contender-process.ts", import.meta.url)), [file, path[1], path[2]], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const label = path.join(", ");
  const [{ ready }] = (await within(child, label, once(child, "message"))) as [{ ready: boolean }];
  if (!ready) {
    await end(child);
    return undefined;
  }
  return {
    async round(size) {
      const answer = once(child, "message") as Promise<[{ sample: Sample }]>;
      child.send(size);
      return (await within(child, label, answer))[0].sample;
    },
    close: () => end(child),
  };
}

/** Erlang reads `job size` lines and answers with `done=… ms=…` lines. */
async function openErlang(job: string, label: string): Promise<Open | undefined> {
  const directory = await erlangModule();
  if (directory === undefined) return undefined;
  const args = ["-noshell", "-kernel", "logger_level", "none", "-pa", directory, "-s", "bench", "serve"];
  const child = spawn("erl", args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  return {
    async round(size) {
      const answer = once(lines, "line") as Promise<[string]>;
      child.stdin.write(`${job} ${size}\n`);
      return readSample((await within(child, label, answer))[0]);
    },
    close: () => end(child),
  };
}

function readSample(line: string): Sample {
  const entries = line.split(" ").map((part) => part.split("="));
  const sample = Object.fromEntries(entries.map(([key, value]) => [key!, Number(value)]));
  if (!Number.isFinite(sample["done"])) throw new Error(`not a sample: ${line}`);
  return sample as unknown as Sample;
}

async function within<T>(child: ChildProcess, label: string, answer: Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  const options = { signal: giveUp.signal };
  const exited = once(child, "exit", options).then(([code]) => Promise.reject(new Error(`${label} ended with code ${String(code)}`)));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${label} took longer than ${roundMs} ms`)), roundMs);
  });
  try {
    return await Promise.race([answer, exited, late]);
  } finally {
    clearTimeout(timer);
    exited.catch(() => {}); // Nobody waits for it any more.
    giveUp.abort();
  }
}

/** Milliseconds that it has to end what it has started. */
const endMs = 5_000;

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  if (child.connected) child.disconnect();
  else child.kill("SIGKILL");
  const timer = setTimeout(() => child.kill("SIGKILL"), endMs);
  await exited;
  clearTimeout(timer);
}
