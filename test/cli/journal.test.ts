/** The commands over the file of a journal, also while another process works with it. */
import { execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alter, flipped, JournalDesk, writer } from "./journal-desk.ts";
import { Desk } from "./orgtree-process.ts";

const execute = promisify(execFile);

let desk: JournalDesk;

beforeAll(async () => {
  desk = await JournalDesk.open();
});

afterAll(() => desk[Symbol.asyncDispose]());

describe("orgtree journal", () => {
  test("verify says that a journal is sound, and changes nothing", async () => {
    const before = readFileSync(desk.journal);
    const lines = await desk.told("journal", "verify", "desk.journal");
    expect(lines[0]).toBe("desk.journal  sound");
    expect(lines[1]).toMatch(/^ {2}15 entries, \d+\.\d kB of content$/);
    expect(lines.slice(2)).toEqual(["  4 addresses, 4 with a state to go on from", "  schema 5, epoch 1, closed"]);
    expect(await desk.json("journal", "verify", "desk.journal")).toMatchObject({ isSound: true, entries: 15, problems: [] });
    expect(readFileSync(desk.journal)).toEqual(before);
  });

  test("verify names what is damaged and exits with 1, repair writes what is sound and says what is not in it", async () => {
    const path = desk.damaged("hurt.journal", (bytes) => flipped(bytes, "marmalade"));
    const before = readFileSync(path);
    const verified = await desk.call(["journal", "verify", "hurt.journal"]);
    expect(verified.code).toBe(1);
    expect(verified.stdout).toMatch(/^hurt\.journal {2}damaged\n/);
    expect(verified.stdout).toMatch(/^ {2}✗ entry 1 of \/desk\/counter, at position 9: /m);
    expect(verified.stdout).toMatch(/hurt\.journal stays as it is: orgtree journal repair hurt\.journal --to NEW\n$/);
    const repaired = await desk.call(["journal", "repair", "hurt.journal", "--to", "mended.journal"]);
    expect(repaired.code).toBe(1);
    expect(repaired.stdout).toMatch(/mended\.journal {2}12 entries, not all\n/);
    expect(repaired.stdout).toMatch(/✗ left out: entry 2 of \/desk\/counter, at position 10: it builds on 1, which is gone/);
    expect(readFileSync(path)).toEqual(before);
    expect((await desk.told("journal", "verify", "mended.journal"))[0]).toBe("mended.journal  sound");
    // The life after the break is whole.
    expect(await desk.told("show", "mended.journal", "/desk/counter")).toContain('  state       {"count":1,"texts":[]}');
    const exported = await desk.call(["journal", "export", "hurt.journal"]);
    expect(exported.code).toBe(1);
    const lines = exported.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly isSound: boolean; readonly seq: number });
    expect(lines).toHaveLength(15);
    expect(lines.filter(({ isSound }) => !isSound)).toMatchObject([{ address: "/desk/counter", seq: 1, position: 9 }]);
  });

  test("a journal that is cut off is damaged, and a repair keeps what is there", async () => {
    desk.damaged("cut.journal", (bytes) => bytes.subarray(0, bytes.length - 8_192));
    const { code, stdout } = await desk.call(["journal", "verify", "cut.journal"]);
    expect(code).toBe(1);
    expect(stdout).toContain("✗ it is cut off: ");
    const { code: repairCode } = await desk.call(["journal", "repair", "cut.journal", "--to", "cut-mended.journal"]);
    expect([0, 1]).toContain(repairCode);
    expect((await desk.told("journal", "verify", "cut-mended.journal"))[0]).toBe("cut-mended.journal  sound");
  });

  test("a repair of a sound journal is a copy, with everything in it", async () => {
    const told = await desk.told("journal", "repair", "desk.journal", "--to", "copy.journal");
    expect(statSync(join(desk.cwd, "copy.journal")).mode & 0o777).toBe(0o600);
    expect(told).toEqual([expect.stringMatching(/copy\.journal {2}15 entries, all of them$/)]);
    expect(await desk.told("history", "copy.journal")).toEqual(await desk.told("history", "desk.journal"));
  });

  test("export writes a line of JSON for each entry, to standard output or to a new file", async () => {
    const lines = await desk.told("journal", "export", "desk.journal");
    expect(lines.map((line) => (JSON.parse(line) as { readonly position: number }).position)).toEqual(
      Array.from({ length: 15 }, (_, at) => at + 1),
    );
    expect(JSON.parse(lines[8]!)).toMatchObject({ address: "/desk/counter", seq: 1, kind: "part", isSound: true });
    expect(await desk.told("journal", "export", "desk.journal", "--out", "lines.ndjson")).toEqual(["lines.ndjson  15 lines"]);
    expect(statSync(join(desk.cwd, "lines.ndjson")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(desk.cwd, "lines.ndjson"), "utf8").trimEnd().split("\n")).toEqual(lines);
    await desk.call(["journal", "export", "none.journal", "--out", "nothing.ndjson"]);
    expect(existsSync(join(desk.cwd, "nothing.ndjson"))).toBe(false);
  });

  test("a newer version, a foreign database and a text are told from damage: 2, and no file is made", async () => {
    const newer = join(desk.cwd, "newer.journal");
    copyFileSync(desk.journal, newer);
    alter(newer, "PRAGMA user_version = 99");
    alter(join(desk.cwd, "foreign.journal"), "CREATE TABLE t (a)");
    await desk.write("text.journal", "Dear Sir,\n".repeat(900));
    const cases = [
      ["newer", "it was written by a newer version of orgtree (schema 99, this one knows 5); update orgtree"],
      ["foreign", "it is a database of something else; give another path"],
      ["text", "nothing of a journal is in it; give another path, or take a copy from before it was damaged"],
    ] as const;
    for (const [name, says] of cases) {
      const file = `${name}.journal`;
      for (const command of [
        ["verify", file],
        ["repair", file, "--to", "never.journal"],
        ["export", file],
      ]) {
        const { code, stderr } = await desk.call(["journal", ...command]);
        expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) });
      }
    }
    expect(readdirSync(desk.cwd)).not.toContain("never.journal");
  });
});

describe("beside another process", () => {
  test("that is writing, the past can be read, and after its death too", async () => {
    await using place = await Desk.open();
    const file = join(place.cwd, "live.journal");
    const child = spawn(process.execPath, [...writer, file, "stay"], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.once("close", resolve));
    try {
      await new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
      for (const args of [
        ["history", file],
        ["history", file, "/desk/counter"],
        ["show", file, "/desk/door"],
      ]) {
        expect(await place.run(args)).toMatchObject({ code: 0, stderr: "" });
      }
      const verified = await place.run(["journal", "verify", file]);
      expect(verified).toMatchObject({ code: 0, stderr: "" });
      expect(verified.stdout).toContain(`open for writing by process ${child.pid} on`);
    } finally {
      child.stdin.end();
    }
    expect(await ended).toBe(0);
    await execute(process.execPath, [...writer, join(place.cwd, "dead.journal"), "die"]).catch(() => {});
    const { code, stdout } = await place.run(["show", "dead.journal", "/desk/counter@1"]);
    expect(code).toBe(0);
    expect(stdout).toContain('{"count":1,"texts":["marmalade"]}');
  });

  test("that keeps it locked, each command says so", { timeout: 60_000 }, async () => {
    const locked = join(desk.cwd, "locked.journal");
    copyFileSync(desk.journal, locked);
    const database = new DatabaseSync(locked);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE journal SET epoch = epoch");
    try {
      const all = [
        ["history", "locked.journal"],
        ["journal", "verify", "locked.journal"],
      ].map((args) => desk.run(args));
      for (const { code, stderr } of await Promise.all(all)) {
        expect({ code, stderr }).toEqual({
          code: 2,
          stderr: expect.stringContaining("another process keeps it busy (database is locked); try again when that one is done"),
        });
      }
    } finally {
      database.close();
    }
  });

  test("that stops reading, as head does, nothing is said", async () => {
    const process = desk.start(["journal", "export", "desk.journal"]);
    process.stopReading();
    expect((await process.ended).stderr).toBe("");
  });
});

describe("orgtree journal compact", () => {
  test("removes what nobody needs to go on, and says how much", async () => {
    const copy = desk.damaged("compacted.journal", (bytes) => bytes);
    expect(await desk.told("journal", "compact", copy)).toEqual([`${copy}  4 entries removed, 11 kept`]);
    expect(await desk.json("journal", "compact", copy)).toEqual({ removed: 0, kept: 11, lost: [] });
    expect((await desk.told("history", copy)).map((line) => line.split(/\s+/)[1])).toContain("/desk/counter");
  });

  test.each([
    [["no.journal"], "there is no such file"],
    [["desk.journal", "--keep-after", "x"], '--keep-after is "x"; give a whole number from 0 on'],
  ])("%j is refused by name, and nothing is made", async (args, problem) => {
    const { code, stderr } = await desk.call(["journal", "compact", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
    expect(existsSync(join(desk.cwd, "no.journal"))).toBe(false);
  });
});
