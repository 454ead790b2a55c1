/** The commands over the file of a journal: those that look at the past in it, and those that look at the file. */
import { execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { Desk, fixture } from "./orgtree-process.ts";

const execute = promisify(execFile);
const writer = ["--conditions=@orgtree/source", fixture("desk-journal.ts")];

let desk: Desk;
let journal: string;

beforeAll(async () => {
  desk = await Desk.open();
  journal = join(desk.cwd, "desk.journal");
  await execute(process.execPath, [...writer, journal, "end"]);
});

afterAll(() => desk[Symbol.asyncDispose]());

const time = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/g;

/** What a command prints, without the times; it must end well. */
async function told(...args: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await desk.call(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.replaceAll(time, "TIME").split("\n").slice(0, -1);
}

async function json(...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await desk.call([...args, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

/** A copy of the journal in which something is wrong. */
function damaged(name: string, damage: (bytes: Buffer) => Buffer): string {
  const path = join(desk.cwd, name);
  writeFileSync(path, damage(readFileSync(journal)));
  return path;
}

/** What SQLite does to a file. */
function alter(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

function flipped(bytes: Buffer, text: string): Buffer {
  const at = bytes.indexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at]! ^= 4;
  return bytes;
}

describe("orgtree history", () => {
  test("lists all actors: turns, the last one, and its state", async () => {
    const lines = (await told("history", "desk.journal")).map((line) => line.replaceAll(/ +/g, " ").replace(/\d+ B/, "SIZE"));
    expect(lines).toEqual([
      " actor kind turns last position time (UTC) life size state",
      " / supervisor 3 3 8 TIME 1 SIZE 1 running",
      " /desk supervisor 4 4 13 TIME 1 SIZE 1 starting, 1 running",
      " /desk/counter plain 6 5 15 TIME 2 SIZE",
      " /desk/door machine 2 1 12 TIME 1 SIZE heard",
    ]);
  });

  test("lists the turns of an actor: number, life, cause, state and what it did", async () => {
    const lines = await told("history", "desk.journal", "/desk/counter");
    expect(lines[0]).toBe("/desk/counter  plain  6 turns");
    expect(lines[1]).toMatch(/^ {2}seq {2}position {2}time \(UTC\) +life {2}cause {2}size +stored +state +did$/);
    const rows = lines.slice(2);
    expect(rows[1]).toMatch(/^ {4}1 +9 {2}TIME +1 {2}add +25 B +\d+ B {2}\{"count":1,"texts":\["marmalade"\]\} +reply$/);
    expect(rows[3]).toMatch(/ hand .* deliver \/desk\/door KNOCK; reply$/);
    expect(rows[4]).toMatch(/^ {4}4 +14 {2}TIME +2 {2}begin /);
    expect(rows[5]).toMatch(/ timer nap in 1 h; reply$/);
  });

  test("shows nothing of an actor's that could move the cursor", async () => {
    for (const args of [
      ["history", "desk.journal", "/desk/counter"],
      ["show", "desk.journal", "/desk/counter@3"],
    ]) {
      const text = (await told(...args)).join("\n");
      expect(text).toContain(String.raw`\u001b[31mred\u202e`);
      expect(text).not.toContain("\u001b");
    }
  });

  test("tells the decisions of a supervisor, with what they were about", async () => {
    const lines = await told("history", "desk.journal", "/desk");
    expect(lines.at(-1)).toMatch(/ decided: exited .* 1 starting, 1 running +counter: restart \(crash: boom\); start counter$/);
  });

  test("gives pages, and says how to have the one before", async () => {
    const seqs = (lines: readonly string[]): readonly string[] => lines.flatMap((line) => /^ +(\d+) +\d+ {2}TIME/.exec(line)?.[1] ?? []);
    const lines = await told("history", "desk.journal", "/desk/counter", "--last", "2");
    expect(seqs(lines)).toEqual(["4", "5"]);
    expect(lines.at(-1)).toBe("  … there are turns before 4: --to 3 --last 2");
    expect(seqs(await told("history", "desk.journal", "/desk/counter", "--to", "3", "--last", "2"))).toEqual(["2", "3"]);
    expect(seqs(await told("history", "desk.journal", "/desk/counter", "--from", "1", "--to", "2"))).toEqual(["1", "2"]);
  });

  test("says the same as JSON", async () => {
    const { actors } = (await json("history", "desk.journal")) as { readonly actors: readonly { readonly address: string }[] };
    expect(actors).toHaveLength(4);
    expect(actors[3]).toMatchObject({ address: "/desk/door", kind: "machine", label: "heard", turns: 2, hasEnded: false });
    expect(await json("history", "desk.journal", "/desk/door", "--last", "1")).toMatchObject({
      address: "/desk/door",
      hasEarlier: true,
      turns: [{ seq: 1, incarnation: 1, cause: { kind: "message", type: "KNOCK", from: "/desk/counter" }, actor: { label: "heard" } }],
    });
  });
});

describe("orgtree show", () => {
  test("shows the last turn: cause, effects, state and timers", async () => {
    expect(await told("show", "desk.journal", "/desk/door")).toEqual([
      "/desk/door@1  machine  heard",
      expect.stringMatching(/^ {2}turn {8}position 12, incarnation 1, TIME UTC, trace \w+$/),
      expect.stringMatching(/^ {2}logic {7}[0-9a-f]{16}$/),
      "  cause       message KNOCK from /desk/counter",
      '              {"type":"KNOCK"}',
      "  did         raise xstate.after.3600000.door.heard in 1 h",
      ...Array.from({ length: 7 }, () => expect.any(String)),
      expect.stringMatching(/^ {2}size {8}state \d+ B; stored \d+ B, as a change$/),
      "",
      '  value       "heard"',
      '  context     {"knocks":1}',
      "  timers      xstate.after.3600000.door.heard, due TIME UTC",
    ]);
  });

  test("shows a turn in the past, with what it had begun", async () => {
    const lines = await told("show", "desk.journal", "/desk/counter@3");
    expect(lines[0]).toBe("/desk/counter@3  plain");
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}pending {5}.*"kind":"deliver","to":"\/desk\/door"/));
    expect(await json("show", "desk.journal", "/desk/counter@1")).toMatchObject({
      seq: 1,
      actor: { kind: "plain", parts: { state: { count: 1, texts: ["marmalade"] } } },
    });
  });
});

describe("orgtree diff", () => {
  test("names what was added, removed and changed between two turns", async () => {
    expect(await told("diff", "desk.journal", "/desk/counter@0", "/desk/counter")).toEqual([
      "/desk/counter@0 → /desk/counter@5  2 changes",
      "  ~ state.count  0 → 1",
      "  + timers.nap  TIME UTC",
    ]);
    expect(await told("diff", "desk.journal", "/desk/counter@2", "/desk/counter@1")).toEqual([
      "/desk/counter@2 → /desk/counter@1  2 changes",
      "  ~ state.count  2 → 1",
      String.raw`  - state.texts[1]  "\u001b[31mred\u202e"`,
    ]);
    expect(await told("diff", "desk.journal", "/desk/door@1", "/desk/door")).toEqual(["/desk/door@1 → /desk/door@1  nothing differs"]);
    expect(await json("diff", "desk.journal", "/desk/counter@0", "/desk/counter@1")).toMatchObject({
      changes: [
        { kind: "changed", path: ["state", "count"], where: "state.count", before: 0, after: 1 },
        { kind: "added", path: ["state", "texts", 0], where: "state.texts[0]", after: "marmalade" },
      ],
    });
  });
});

describe("what cannot be looked at", () => {
  test.each([
    { args: ["history", "none.journal"], says: /none\.journal: there is no such file; give the path of a journal$/ },
    { args: ["history", "."], says: /: it is a directory; give the path of a file$/ },
    { args: ["history", "desk.journal", "/desk/cuonter"], says: /^nothing is stored of \/desk\/cuonter; did you mean \/desk\/counter\?$/ },
    {
      args: ["history", "desk.journal", "desk"],
      says: /^"desk" is not an address: an address begins with \/; write it as orgtree history/,
    },
    { args: ["history", "desk.journal", "--last", "3"], says: /^--last, --from and --to are about turns; name the actor as well/ },
    { args: ["history", "desk.journal", "/desk", "--last", "0"], says: /^--last is "0"; give a whole number from 1 on$/ },
    { args: ["history", "desk.journal", "/desk", "--from", "99"], says: /^\/desk has no turn 99; there are 4 from 1 to 4$/ },
    { args: ["show", "desk.journal", "/desk@x"], says: /^the number behind @ in \/desk@x is "x"; give a whole number from 0 on$/ },
    { args: ["show", "desk.journal", "/desk@99"], says: /^\/desk has no turn 99; there are 4 from 1 to 4$/ },
    { args: ["show", "desk.journal"], says: /^show needs a FILE and an ADDRESS; write orgtree show FILE ADDRESS\[@SEQ\]/ },
    { args: ["diff", "desk.journal", "/desk"], says: /^diff needs a FILE and two ADDRESS@SEQ; write/ },
    { args: ["journal", "repair", "desk.journal"], says: /^journal repair writes a new file .*; name it with --to NEW$/ },
    { args: ["journal", "repair", "desk.journal", "--to", "desk.journal"], says: /it is there already; a repair writes a new file only$/ },
    { args: ["journal", "export", "desk.journal", "--out", "desk.journal"], says: /is there already; an export writes a new file only/ },
    { args: ["journal", "export", "desk.journal", "--out", "none/x"], says: /^cannot write .*none\/x: ENOENT.*; choose another --out$/ },
    { args: ["journal", "verify", "none.journal"], says: /none\.journal: there is no such file; give the path of a journal$/ },
    {
      args: ["journal"],
      says: /^journal is not all of a command; there are journal verify, journal repair, journal export, journal compact; write/,
    },
  ])("$args says why, and what to do", async ({ args, says }) => {
    const before = readFileSync(journal);
    const { code, stdout, stderr } = await desk.call(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^orgtree: .*\n$/);
    expect(stderr.slice("orgtree: ".length, -1)).toMatch(says);
    expect(readFileSync(journal)).toEqual(before);
  });

  test("a damaged journal is refused by history, show and diff with the name of what is damaged", async () => {
    damaged("flipped.journal", (bytes) => flipped(bytes, "marmalade"));
    for (const args of [
      ["history", "flipped.journal"],
      ["show", "flipped.journal", "/desk/counter@2"],
      ["diff", "flipped.journal", "/desk/counter@0", "/desk/counter@3"],
    ]) {
      const { code, stderr } = await desk.call(args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/entry 1 of \/desk\/counter.*; see `orgtree journal verify flipped\.journal`$/m);
    }
    // What does not build on it can be looked at.
    expect(await told("show", "flipped.journal", "/desk/counter")).toContain('  state       {"count":1,"texts":[]}');
  });

  test("a journal in which a turn is missing is not told as if there had been none", async () => {
    const path = join(desk.cwd, "missing.journal");
    copyFileSync(journal, path);
    alter(path, "DELETE FROM entries WHERE position = 10");
    for (const args of [
      ["history", "missing.journal", "/desk/counter"],
      ["show", "missing.journal", "/desk/counter@3"],
    ]) {
      const { code, stdout, stderr } = await desk.call(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/entry 2 of \/desk\/counter is missing: .*; see `orgtree journal verify missing\.journal`$/m);
    }
  });

  test("turns of a newer program, and content of something else, are named", async () => {
    const { openSqliteJournal } = await import("orgtree/journal");
    const { encode } = await import("@orgtree/core");
    const other = await openSqliteJournal(join(desk.cwd, "other.journal"));
    await other.append([{ address: "/new", seq: 4, kind: "whole", data: encode([99, 1]) }]);
    await other.append([{ address: "/odd", seq: 0, kind: "whole", data: encode("anything") }]);
    await other.close();
    const called = async (...args: readonly string[]): Promise<string> => (await desk.call(args)).stderr;
    const newer = "orgtree: turn 4 of /new, at position 1, cannot be read: it was written by a newer version of orgtree; update orgtree\n";
    expect(await called("history", "other.journal")).toBe(newer);
    expect(await called("show", "other.journal", "/new")).toBe(newer);
    expect(await called("history", "other.journal", "/odd")).toMatch(
      /^orgtree: turn 0 of \/odd, .*: it was not written by a system of orgtree$/m,
    );
  });
});

describe("orgtree journal", () => {
  test("verify says that a journal is sound, and changes nothing", async () => {
    const before = readFileSync(journal);
    const lines = await told("journal", "verify", "desk.journal");
    expect(lines[0]).toBe("desk.journal  sound");
    expect(lines[1]).toMatch(/^ {2}15 entries, \d+\.\d kB of content$/);
    expect(lines.slice(2)).toEqual(["  4 addresses, 4 actors that have not ended", "  schema 3, epoch 1, closed"]);
    expect(await json("journal", "verify", "desk.journal")).toMatchObject({ isSound: true, entries: 15, problems: [] });
    expect(readFileSync(journal)).toEqual(before);
  });

  test("verify names what is damaged and exits with 1, repair writes what is sound and says what is not in it", async () => {
    const path = damaged("hurt.journal", (bytes) => flipped(bytes, "marmalade"));
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
    expect((await told("journal", "verify", "mended.journal"))[0]).toBe("mended.journal  sound");
    // The life after the break is whole.
    expect(await told("show", "mended.journal", "/desk/counter")).toContain('  state       {"count":1,"texts":[]}');
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
    damaged("cut.journal", (bytes) => bytes.subarray(0, bytes.length - 8_192));
    const { code, stdout } = await desk.call(["journal", "verify", "cut.journal"]);
    expect(code).toBe(1);
    expect(stdout).toContain("✗ it is cut off: ");
    const { code: repairCode } = await desk.call(["journal", "repair", "cut.journal", "--to", "cut-mended.journal"]);
    expect([0, 1]).toContain(repairCode);
    expect((await told("journal", "verify", "cut-mended.journal"))[0]).toBe("cut-mended.journal  sound");
  });

  test("a repair of a sound journal is a copy, with everything in it", async () => {
    expect(await told("journal", "repair", "desk.journal", "--to", "copy.journal")).toEqual([
      expect.stringMatching(/copy\.journal {2}15 entries, all of them$/),
    ]);
    expect(await told("history", "copy.journal")).toEqual(await told("history", "desk.journal"));
  });

  test("export writes a line of JSON for each entry, to standard output or to a new file", async () => {
    const lines = await told("journal", "export", "desk.journal");
    expect(lines.map((line) => (JSON.parse(line) as { readonly position: number }).position)).toEqual(
      Array.from({ length: 15 }, (_, at) => at + 1),
    );
    expect(JSON.parse(lines[8]!)).toMatchObject({ address: "/desk/counter", seq: 1, kind: "part", isSound: true });
    expect(await told("journal", "export", "desk.journal", "--out", "lines.ndjson")).toEqual(["lines.ndjson  15 lines"]);
    expect(readFileSync(join(desk.cwd, "lines.ndjson"), "utf8").trimEnd().split("\n")).toEqual(lines);
    await desk.call(["journal", "export", "none.journal", "--out", "nothing.ndjson"]);
    expect(existsSync(join(desk.cwd, "nothing.ndjson"))).toBe(false);
  });

  test("a newer version, a foreign database and a text are told from damage: 2, and no file is made", async () => {
    const newer = join(desk.cwd, "newer.journal");
    copyFileSync(journal, newer);
    alter(newer, "PRAGMA user_version = 99");
    alter(join(desk.cwd, "foreign.journal"), "CREATE TABLE t (a)");
    await desk.write("text.journal", "Dear Sir,\n".repeat(900));
    const cases = [
      ["newer", "it was written by a newer version of orgtree (schema 99, this one knows 3); update orgtree"],
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
    copyFileSync(journal, locked);
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
    const copy = damaged("compacted.journal", (bytes) => bytes);
    expect(await told("journal", "compact", copy)).toEqual([`${copy}  4 entries removed, 11 kept`]);
    expect(await json("journal", "compact", copy)).toEqual({ removed: 0, kept: 11 });
    expect((await told("history", copy)).map((line) => line.split(/\s+/)[1])).toContain("/desk/counter");
  });

  test.each([
    [["no.journal"], "there is no such file"],
    [["desk.journal", "--keep-after", "x"], "--keep-after takes a position"],
  ])("%j is refused by name, and nothing is made", async (args, problem) => {
    const { code, stderr } = await desk.call(["journal", "compact", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
    expect(existsSync(join(desk.cwd, "no.journal"))).toBe(false);
  });
});
