import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("process-guard.fixture.ts", import.meta.url));

/** Runs the program, and gives back what it printed and how it ended. */
function run(what: string): Promise<{ code: number | string; out: readonly string[]; err: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number | string; out: readonly string[]; err: string }>();
  execFile(process.execPath, ["--conditions=@orgtree/source", program, what], { timeout: 20_000 }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : (error.code ?? "killed"), out: stdout.split("\n").filter((line) => line !== ""), err: stderr });
  });
  return promise;
}

describe("guardProcess", () => {
  test("makes an error that escaped an actor's code the failure of that actor, and of nobody else", async () => {
    const { code, out, err } = await run("strays");
    const [left, ...failed] = out.toReversed();
    expect(err).toBe("");
    expect(failed.length).toBe(11);
    expect(failed.filter((line) => !/: crash at \/m\d+: boom$/.test(line))).toEqual([]);
    expect(left).toBe("left: /bystander running");
    expect(code).toBe(0);
  });

  test("fails nobody for an error of an actor that has ended, and logs it", async () => {
    expect(await run("late")).toMatchObject({ code: 0, out: ["left: /m running 0", "logged: an error escaped the code of an actor"] });
  });

  test("blames nobody for what is cleaned up after an actor, nor for the promises of callers outside", async () => {
    expect(await run("innocents")).toMatchObject({ code: 0, out: ["left: /bystander running 0,/deaf running 0; outside: 2"] });
  });

  test.each(["code outside", "an observer", "an actor after the guard"])("lets the process die of an error of %s", async (what) => {
    const { code, err } = await run(what);
    expect(code).not.toBe(0);
    expect(err).toContain("Error: boom");
  });
});
