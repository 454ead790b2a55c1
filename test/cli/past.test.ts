/** The commands that look at the past in the file of a journal. */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alter, flipped, JournalDesk } from "./journal-desk.ts";

let desk: JournalDesk;

beforeAll(async () => {
  desk = await JournalDesk.open();
});

afterAll(() => desk[Symbol.asyncDispose]());

describe("orgtree history", () => {
  test("lists all actors: turns, the last one, and its state", async () => {
    const lines = (await desk.told("history", "desk.journal")).map((line) => line.replaceAll(/ +/g, " ").replace(/\d+ B/, "SIZE"));
    expect(lines).toEqual([
      " actor kind turns last position time (UTC) life size state",
      " / supervisor 3 2 8 TIME 1 SIZE 1 running",
      " /desk supervisor 4 3 13 TIME 1 SIZE 1 starting, 1 running",
      " /desk/counter plain 6 5 15 TIME 2 SIZE",
      " /desk/door machine 2 1 12 TIME 1 SIZE heard",
    ]);
  });

  test("lists the turns of an actor: number, life, cause, state and what it did", async () => {
    const lines = await desk.told("history", "desk.journal", "/desk/counter");
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
      const text = (await desk.told(...args)).join("\n");
      expect(text).toContain(String.raw`\u001b[31mred\u202e`);
      expect(text).not.toContain("\u001b");
    }
  });

  test("tells the decisions of a supervisor, with what they were about", async () => {
    const lines = await desk.told("history", "desk.journal", "/desk");
    expect(lines.at(-1)).toMatch(/ decided: exited .* 1 starting, 1 running +counter: restart \(crash: boom\); start counter$/);
  });

  test("gives pages, and says how to have the one before", async () => {
    const seqs = (lines: readonly string[]): readonly string[] => lines.flatMap((line) => /^ +(\d+) +\d+ {2}TIME/.exec(line)?.[1] ?? []);
    const lines = await desk.told("history", "desk.journal", "/desk/counter", "--last", "2");
    expect(seqs(lines)).toEqual(["4", "5"]);
    expect(lines.at(-1)).toBe("  … there are turns before 4: --to 3 --last 2");
    expect(seqs(await desk.told("history", "desk.journal", "/desk/counter", "--to", "3", "--last", "2"))).toEqual(["2", "3"]);
    expect(seqs(await desk.told("history", "desk.journal", "/desk/counter", "--from", "1", "--to", "2"))).toEqual(["1", "2"]);
  });

  test("says the same as JSON", async () => {
    const { actors } = (await desk.json("history", "desk.journal")) as { readonly actors: readonly { readonly address: string }[] };
    expect(actors).toHaveLength(4);
    expect(actors[3]).toMatchObject({ address: "/desk/door", kind: "machine", label: "heard", turns: 2, hasEnded: false });
    expect(await desk.json("history", "desk.journal", "/desk/door", "--last", "1")).toMatchObject({
      address: "/desk/door",
      hasEarlier: true,
      turns: [{ seq: 1, incarnation: 1, cause: { kind: "message", type: "KNOCK", from: "/desk/counter" }, actor: { label: "heard" } }],
    });
  });
});

describe("orgtree show", () => {
  test("shows the last turn: cause, effects, state and timers", async () => {
    expect(await desk.told("show", "desk.journal", "/desk/door")).toEqual([
      "/desk/door@1  machine  heard",
      expect.stringMatching(/^ {2}turn {8}position 12, incarnation 1, TIME UTC, trace \w+$/),
      expect.stringMatching(/^ {2}logic {7}[0-9a-f]{16}$/),
      "  cause       message KNOCK from /desk/counter",
      '              {"type":"KNOCK"}',
      "  did         timer of heard in 1 h",
      ...Array.from({ length: 7 }, () => expect.any(String)),
      expect.stringMatching(/^ {2}size {8}state \d+ B; stored \d+ B, as a change$/),
      "",
      '  value       "heard"',
      '  context     {"knocks":1}',
      "  timers      xstate.after.3600000.door.heard, due TIME UTC",
      expect.stringMatching(/^ {2}runtime {5}\{"birth":\d+,"taken":\{"\/desk\/counter":"3\.0"\}\}$/),
    ]);
  });

  test("shows a turn in the past, with what it had begun", async () => {
    const lines = await desk.told("show", "desk.journal", "/desk/counter@3");
    expect(lines[0]).toBe("/desk/counter@3  plain");
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}pending {5}.*"kind":"deliver","to":"\/desk\/door"/));
    expect(await desk.json("show", "desk.journal", "/desk/counter@1")).toMatchObject({
      seq: 1,
      actor: { kind: "plain", parts: { state: { count: 1, texts: ["marmalade"] } } },
    });
  });
});

describe("orgtree diff", () => {
  test("names what was added, removed and changed between two turns", async () => {
    expect(await desk.told("diff", "desk.journal", "/desk/counter@0", "/desk/counter")).toEqual([
      "/desk/counter@0 → /desk/counter@5  3 changes",
      "  ~ state.count  0 → 1",
      expect.stringMatching(/^ {2}~ runtime\.birth {2}0 → \d+$/),
      "  + timers.nap  TIME UTC",
    ]);
    expect(await desk.told("diff", "desk.journal", "/desk/counter@2", "/desk/counter@1")).toEqual([
      "/desk/counter@2 → /desk/counter@1  2 changes",
      "  ~ state.count  2 → 1",
      String.raw`  - state.texts[1]  "\u001b[31mred\u202e"`,
    ]);
    expect(await desk.told("diff", "desk.journal", "/desk/door@1", "/desk/door")).toEqual(["/desk/door@1 → /desk/door@1  nothing differs"]);
    expect(await desk.json("diff", "desk.journal", "/desk/counter@0", "/desk/counter@1")).toMatchObject({
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
    { args: ["history", "desk.journal", "/desk", "--from", "99"], says: /^\/desk has no turn 99; there are 4 from 0 to 3$/ },
    { args: ["show", "desk.journal", "/desk@x"], says: /^the number behind @ in \/desk@x is "x"; give a whole number from 0 on$/ },
    { args: ["show", "desk.journal", "/desk@99"], says: /^\/desk has no turn 99; there are 4 from 0 to 3$/ },
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
    const before = readFileSync(desk.journal);
    const { code, stdout, stderr } = await desk.call(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^orgtree: .*\n$/);
    expect(stderr.slice("orgtree: ".length, -1)).toMatch(says);
    expect(readFileSync(desk.journal)).toEqual(before);
  });

  test("a damaged journal is refused by history, show and diff with the name of what is damaged", async () => {
    desk.damaged("flipped.journal", (bytes) => flipped(bytes, "marmalade"));
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
    expect(await desk.told("show", "flipped.journal", "/desk/counter")).toContain('  state       {"count":1,"texts":[]}');
  });

  test("a journal in which a turn is missing is not told as if there had been none", async () => {
    const path = join(desk.cwd, "missing.journal");
    copyFileSync(desk.journal, path);
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
