/**
 * What a change has to pass, all at once: the format, the lint, the types, unused code, the tests but the long ones. `npm run check`.
 *
 * The tests are shown while they run; of the others, what they print when they fail. Ends with 1 when one of them failed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";

const quiet = ["format:check", "lint", "types", "unused"];

const results = await Promise.all([...quiet.map(runQuietly), runShown("test:short")]);
for (const { script, code, output } of results) {
  if (code === 0) continue;
  console.error(`\nnpm run ${script} failed:\n${output}`);
  process.exitCode = 1;
}

interface Result {
  readonly script: string;
  readonly code: number;
  readonly output: string;
}

async function runQuietly(script: string): Promise<Result> {
  const child = spawn(process.execPath, ["--run", script], { stdio: ["ignore", "pipe", "pipe"] });
  const [code, ...outputs] = await Promise.all([codeOf(child), text(child.stdout), text(child.stderr)]);
  return { script, code, output: outputs.join("") };
}

async function runShown(script: string): Promise<Result> {
  const child = spawn(process.execPath, ["--run", script], { stdio: "inherit" });
  return { script, code: await codeOf(child), output: "see above" };
}

function codeOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", reject);
  child.once("close", (code) => resolve(code ?? 1));
  return promise;
}
