import type { Entry } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry, journalContract } from "../test-support/journal-contract.ts";
import { MemoryFile } from "./memory-file.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { ScopedJournal } from "./scoped-journal.ts";

journalContract(
  "a scope of a journal",
  () => {
    const file = new MemoryFile();
    return Promise.resolve({
      open: () => Promise.resolve(new ScopedJournal(new MemoryJournal(file), "/run-7")),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
  { modelRuns: Number(process.env["RUNS"] ?? 60) },
);

const show = (entries: readonly Entry[]): readonly string[] => entries.map(({ address, seq }) => `${address}@${seq}`);

describe("scopes of one journal", () => {
  test("see nothing of each other, and are one after the other in the whole", async () => {
    const whole = new MemoryJournal(new MemoryFile());
    const [seven, seventy] = [new ScopedJournal(whole, "/run-7"), new ScopedJournal(whole, "/run-70")];
    await seven.append([entry("/", 0, { kind: "whole" }), entry("/desk/a", 0, { kind: "whole" })]);
    await seventy.append([entry("/desk/a", 3, { kind: "whole" })]);
    await seven.append([entry("/desk/a", 1, { kind: "part" })]);
    expect(show(await collect(whole.read()))).toEqual(["/run-7@0", "/run-7/desk/a@0", "/run-70/desk/a@3", "/run-7/desk/a@1"]);
    expect(show(await collect(seven.read()))).toEqual(["/@0", "/desk/a@0", "/desk/a@1"]);
    expect(show(await collect(seven.read({ within: "/desk", after: 2 })))).toEqual(["/desk/a@1"]);
    expect(show(await collect(seventy.read({ address: "/desk/a" })))).toEqual(["/desk/a@3"]);
    expect(await seventy.lastSeqs()).toEqual(new Map([["/desk/a", 3]]));
    expect((await seven.image("/desk/a"))?.entries).toHaveLength(2);
    expect(seven.run).not.toBe(seventy.run);
  });

  test("that are closed wait for what they append, and leave the whole open", async () => {
    const whole = new MemoryJournal(new MemoryFile());
    const scope = new ScopedJournal(whole, "/run-7");
    const appending = scope.append([entry("/a", 0, { kind: "whole" })]);
    await scope.close();
    await appending;
    await expect(scope.append([entry("/a", 1, { kind: "part" })])).rejects.toThrow("/run-7: it is closed");
    expect(await whole.append([entry("/b", 0, { kind: "whole" })])).toBe(2);
  });
});
