import { execFile } from "node:child_process";

/** Runs a program to its end, at most `deadlineMs`; gives what it printed. Rejects with what it said went wrong. */
export function runProgram(
  program: string,
  args: readonly string[],
  { deadlineMs = 10_000, cwd }: { readonly deadlineMs?: number; readonly cwd?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: deadlineMs, cwd, maxBuffer: 16_777_216 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(complaintIn(stderr) || error.message, { cause: error }));
    });
  });
}

/** apt says first what went wrong, and then that something went wrong. */
function complaintIn(text: string): string | undefined {
  const lines = text.trim().split("\n");
  return lines.find((line) => /^[EW]: /.test(line)) ?? lines.at(-1);
}
