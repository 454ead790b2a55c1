/** Fork, rollback and replay over the file of a journal. */
import { execFile, spawn } from "node:child_process";
import { copyFileSync, readFileSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { bugfix, Desk, fixture } from "./orgtree-process.ts";

const execute = promisify(execFile);
const org = fixture("travel-org.ts");
const writer = ["--conditions=@orgtree/source", org];

let desk: Desk;

beforeAll(async () => {
  desk = await Desk.open();
  await execute(process.execPath, [...writer, join(desk.cwd, "desk.journal"), "end"]);
});

afterAll(() => desk[Symbol.asyncDispose]());

/** A turn in the JSON of a history. */
interface Undone {
  readonly seq: number;
  readonly cause: { readonly kind: string };
  readonly undoneBy?: number;
}

/** What the organization says that goes on from a journal: its sum, four times. */
async function sumIn(name: string): Promise<number> {
  const { stdout } = await execute(process.execPath, [...writer, join(desk.cwd, name), "look"]);
  return (JSON.parse(stdout) as number[])[0]!;
}

function copied(name: string): string {
  copyFileSync(join(desk.cwd, "desk.journal"), join(desk.cwd, name));
  return name;
}

describe("orgtree fork", () => {
  test.each([
    { at: ["--at", "at 2"], sum: 3 },
    { at: ["--at", "/desk/one@1"], sum: 1 },
    { at: [], sum: 10 },
  ])("goes on from $at, and the original stays as it was", async ({ at, sum }) => {
    const before = readFileSync(join(desk.cwd, "desk.journal"));
    const name = `fork ${sum}.journal`;
    const { code, stdout, stderr } = await desk.call(["fork", "desk.journal", ...at, "--to", name]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^fork \d+\.journal {2}run [0-9a-f]{16}\n {2}\d+ entries of desk\.journal, up to position \d+; 4 actors\n$/);
    expect(statSync(join(desk.cwd, name)).mode & 0o777).toBe(0o600);
    expect(await sumIn(name)).toBe(sum);
    expect(readFileSync(join(desk.cwd, "desk.journal")).equals(before)).toBe(true);
  });

  test.each([
    { args: ["--to", "desk.journal"], says: "it is there already; a fork is a new file" },
    { args: [], says: "name it with --to NEW" },
    { args: ["--at", "999", "--to", "new.journal"], says: "position 999 is behind the end of the journal" },
    { args: ["--at", "9007199254740993", "--to", "new.journal"], says: '--at is "9007199254740993"; give a whole number from 0 on' },
    { args: ["--at", "at 3", "--to", "new.journal"], says: 'there is no checkpoint "at 3"; did you mean "at 2"?' },
    { args: ["--at", "/desk/one", "--to", "new.journal"], says: "write ADDRESS@SEQ" },
    { args: ["--at", "/desk/on@1", "--to", "new.journal"], says: "nothing is stored of /desk/on; did you mean /desk/one?" },
  ])("says what is wrong with $args, and leaves nothing", async ({ args, says }) => {
    const { code, stderr } = await desk.call(["fork", "desk.journal", ...args]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) });
    await expect(desk.call(["history", "new.journal"])).resolves.toMatchObject({ code: 2 });
  });
});

describe("orgtree rollback", () => {
  test("puts an actor back, and whoever starts it goes on from there", async () => {
    const name = copied("rollback.journal");
    const refused = await desk.call(["rollback", name, "/desk/one"]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr.replace(/[0-9a-f]{16}/, "RUN").split("\n")).toEqual([
      "orgtree: a rollback of /desk/one would leave standing what was done outside since:",
      "it cannot be taken back:",
      '- /desk/one#4.0 deliver /desk/two {"do":"add","n":4}',
      "(outside these keys have the run in front: run RUN; what a fork has copied, that of the original)",
      "2 messages from outside would be delivered again, and what they lead to done again: a message to /desk/one, a message to /desk/one",
      "nothing was done; with --consent it is done all the same",
      "",
    ]);
    const { code, stdout, stderr } = await desk.call(["rollback", name, "/desk/one", "--to", "at 2", "--consent"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^\/desk\/one {2}rolled back to at 2, \/desk\/one@2\n {2}put back {3}\/desk\/one\n {2}2 messages from outside are delivered again: a message to \/desk\/one, a message to \/desk\/one\n/,
    );
    expect(stdout).toContain("stands     /desk/one#4.0 deliver /desk/two");
    expect(stdout).toMatch(/\(outside these keys have the run in front: run [0-9a-f]{16};/);
    // What came from outside is taken again, in its order, before anybody asks.
    expect(await sumIn(name)).toBe(10);
    expect((await desk.call(["history", name, "/desk"])).stdout).toContain("one: rolled back to at 2, /desk/one#2, while it did not run");
    const { turns } = JSON.parse((await desk.call(["history", name, "/desk/one", "--json"])).stdout) as { turns: Undone[] };
    const back = turns.find(({ cause }) => cause.kind === "rollback")!;
    expect(turns.filter(({ undoneBy }) => undoneBy !== undefined)).toMatchObject([
      { seq: 3, undoneBy: back.seq },
      { seq: 4, undoneBy: back.seq },
    ]);
    const lines = (await desk.call(["history", name, "/desk/one"])).stdout.split("\n");
    expect(lines[1]).toMatch(/ undone by {2}state +did$/);
    expect(lines.find((line) => line.startsWith("    4 "))).toMatch(new RegExp(` @${back.seq} .* deliver /desk/two .*; reply$`));
    expect(lines.find((line) => line.includes("rollback"))).toMatch(/ rollback to at 2, \/desk\/one@2 /);
  });

  test("puts a tree that was given up back to where it was, as its error says, also when its journal was compacted since", async () => {
    const shop = async (then: string): Promise<string> => {
      const args = ["--conditions=@orgtree/source", fixture("shop.ts"), join(desk.cwd, "shop.journal"), then];
      const { stdout } = await execute(process.execPath, args).catch((error: unknown) => error as { stdout: string });
      return stdout.trim();
    };
    expect([await shop("die"), await shop("start")]).toEqual(["", "given up"]);
    const says = await shop("start");
    const [, address = "", to = ""] = /orgtree rollback FILE (\S+) --to (\S+);/.exec(says) ?? [];
    expect([address, to]).toEqual(["/shop", expect.stringMatching(/^\/shop\/stock@\d+$/)]);
    const { stdout } = await desk.call(["journal", "compact", "shop.journal"]);
    expect(stdout).toMatch(/ kept\n  kept: what \/shop would go on from, given up because of a failure\n/);
    expect(await desk.call(["rollback", "shop.journal", address, "--to", to])).toMatchObject({ code: 0, stderr: "" });
    expect(await shop("resume")).toBe("97");
  });

  test("goes back to a checkpoint also when the journal was compacted, unless it was told to go past that", async () => {
    const name = copied("compacted.journal");
    const compacted = await desk.call(["journal", "compact", name]);
    expect(compacted).toMatchObject({ code: 0, stderr: "" });
    expect(compacted.stdout).toMatch(
      /\n {2}all behind position \d+ stays: \/desk\/one can be rolled back to at \d, turn \d+; --keep-after goes past it\n$/,
    );
    const whole = await desk.call(["rollback", copied("whole.journal"), "/desk/one", "--to", "at 2", "--consent"]);
    expect(await desk.call(["rollback", name, "/desk/one", "--to", "at 2", "--consent"])).toEqual(whole);
    expect(await sumIn(name)).toBe(10);
    const past = copied("past.journal");
    const further = await desk.call(["journal", "compact", past, "--keep-after", "100"]);
    expect(further.stdout).toMatch(/\n {2}gone: the way back of \/desk\/one to at 2, turn 2\n/);
    const refused = await desk.call(["rollback", past, "/desk/one", "--to", "at 2", "--consent"]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("was compacted") });
  });

  test("of a journal that somebody writes to is refused with his name, unless it is taken over", async () => {
    const child = spawn(process.execPath, [...writer, join(desk.cwd, "live.journal"), "stay"], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      await new Promise((resolve) => createInterface(child.stdout).once("line", resolve));
      const { code, stderr } = await desk.call(["rollback", "live.journal", "/desk/one", "--consent"]);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringMatching(
          new RegExp(`process ${child.pid} on .*, has it open for writing; end that process .* with --take-over`),
        ),
      });
      expect(await desk.call(["journal", "compact", "live.journal"])).toMatchObject({ code: 2, stderr });
      const taken = await desk.call(["rollback", "live.journal", "/desk/one", "--consent", "--take-over"]);
      expect(taken).toMatchObject({ code: 0, stderr: "" });
      // By now it is closed.
      expect(await desk.call(["journal", "compact", "live.journal", "--take-over"])).toMatchObject({ code: 0, stderr: "" });
    } finally {
      child.stdin.end();
    }
  });

  test.each([
    { args: ["none.journal", "/desk/one"], says: "none.journal: there is no such file; give the path of a journal" },
    { args: ["desk.journal", "/desk/one", "--to", "77"], says: "it has no turn 77" },
    { args: ["desk.journal", "/desk/tow"], says: "/desk/tow cannot be rolled back: nothing is stored of it; did you mean /desk/two?" },
    { args: ["desk.journal", "/dask/one"], says: "nothing is stored of it; did you mean /desk/one?" },
    { args: ["desk.journal", "/"], says: "it is the root" },
    { args: ["desk.journal", "desk"], says: "write it as orgtree history lists it" },
  ])("says what is wrong with $args", async ({ args: [file = "", ...args], says }) => {
    const { code, stderr } = await desk.call(["rollback", file === "desk.journal" ? copied("wrong.journal") : file, ...args]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) });
  });
});

describe("orgtree replay", () => {
  test("leads to the same", async () => {
    const { code, stdout, stderr } = await desk.call(["replay", "desk.journal", org]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^desk\.journal {2}the same\n {2}7 turns of 4 actors computed again\n {2}\d+ not: decisions of supervisors\n$/);
  });

  test("names the first turn that differs, and what differs", async () => {
    vi.stubEnv("WRONG", "1");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { code, stdout } = await desk.call(["replay", "desk.journal", org]);
    expect(code).toBe(1);
    expect(stdout).toContain("/desk/one@3  leads to something else: position");
    expect(stdout).toContain("~ state  6 → 106");
    expect(stdout).toContain("Date.now, Math.random");
    const told = await desk.call(["replay", "desk.journal", org, "--json"]);
    expect(JSON.parse(told.stdout)).toMatchObject({
      isSame: false,
      divergence: { address: "/desk/one", seq: 3, changes: [{ where: "state", before: 6, after: 106 }] },
    });
  });

  test("says what a module has to export", async () => {
    await desk.write("nothing.ts", "export const other = 1;");
    expect(await desk.call(["replay", "desk.journal", "nothing.ts"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("nothing.ts exports neither specs nor an organization; write export const specs") as string,
    });
    expect(await desk.call(["replay", "desk.journal", "none.ts"])).toMatchObject({
      code: 2,
      stderr: "orgtree: there is no file none.ts; name the file that exports your organization, or specs\n",
    });
    expect(await desk.call(["replay", "desk.journal", bugfix])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("the journal is of no run of bugfix") as string,
    });
  });

  test("is refused where importing the module has run something in the journal", async () => {
    const name = copied("grown.journal");
    vi.stubEnv("TRAVEL_JOURNAL", join(desk.cwd, name));
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await desk.call(["replay", name, fixture("travel-runs.ts")])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/grown\.journal was written to while it was computed again; let MODULE only export/) as string,
    });
  });
});
