/** A tool that was cut off, and what a person tells the journal of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Desk, fixture } from "./orgtree-process.ts";

const org = fixture("till.ts");
const journal = "till.journal";

/** A till whose process was killed while it paid, and the key of that. */
async function killed(): Promise<{ readonly desk: Desk; readonly key: string; readonly paid: () => readonly string[] }> {
  const desk = await Desk.open();
  onTestFinished(() => desk[Symbol.asyncDispose]());
  await desk.run(["run", org, "--journal", journal], { KILLED: "1" });
  const paid = (): readonly string[] => readFileSync(join(desk.cwd, "paid.log"), "utf8").trim().split("\n");
  return { desk, key: paid()[0]!.slice("ann ".length), paid };
}

const resume = ["run", org, "--resume", journal];

describe("orgtree resolve", () => {
  test("lists what was cut off, and a run goes on with what is said of it", async () => {
    const { desk, key, paid } = await killed();
    const listed = await desk.call(["resolve", journal]);
    expect(listed).toMatchObject({ code: 0, stdout: `${key}\n  /till/payer  the tool pay({"to":"ann"})  irreversible\n` });
    const told = await desk.call(["resolve", journal, key, "--done", '"a receipt by hand"']);
    expect(told).toMatchObject({ code: 0, stdout: `${listed.stdout}  is done\n` });
    const { code, stdout } = await desk.run(resume);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("The tool says: a receipt by hand") as string });
    expect(paid()).toHaveLength(1);
    expect((await desk.call(["resolve", journal])).stdout).toBe("nothing was cut off of which nobody knows what it came to\n");
  });

  test("has what was not done begun again, once, under another key", async () => {
    const { desk, key, paid } = await killed();
    expect(await desk.call(["resolve", journal, key, "--not-done"])).toMatchObject({ code: 0 });
    const { code, stdout } = await desk.run(resume);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("The tool says: a receipt") as string });
    expect(paid()).toEqual([`ann ${key}`, `ann ${key}/2`]);
  });

  test("after the run has failed, in a fork from before", async () => {
    const { desk, key, paid } = await killed();
    const failed = await desk.run(resume);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain(
      `the tool pay({"to":"ann"}) was under way when its process ended, and whether it was done is unknown (it is irreversible): look whether it was done for the key ${key}`,
    );
    const history = JSON.parse((await desk.call(["history", journal, "/till/payer", "--json"])).stdout) as {
      readonly turns: readonly { readonly seq: number }[];
    };
    const before = history.turns.at(-1)!.seq;
    expect(await desk.call(["fork", journal, "--at", `/till/payer@${before}`, "--to", "fork.journal"])).toMatchObject({ code: 0 });
    // The key of the failure is of another run.
    const inner = key.slice(key.indexOf("/"));
    expect(await desk.call(["resolve", "fork.journal", key, "--done", "1"])).toMatchObject({ code: 2 });
    expect(await desk.call(["resolve", "fork.journal", inner, "--done", '"by hand"'])).toMatchObject({ code: 0 });
    const { code, stdout } = await desk.run(["run", org, "--resume", "fork.journal"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("The tool says: by hand") as string });
    expect(paid()).toHaveLength(1);
  });

  describe("says what is wrong", () => {
    let desk: Desk;
    beforeAll(async () => {
      desk = await Desk.open();
      await desk.run(["run", org, "--journal", journal], { KILLED: "1" });
    });
    afterAll(() => desk[Symbol.asyncDispose]());

    test.each([
      { args: ["none.journal"], says: "none.journal: there is no such file; give the path of a journal" },
      { args: [journal, "--done", "1"], says: "it is not said which work" },
      { args: [journal, "KEY"], says: "say either --done VALUE or --not-done" },
      { args: [journal, "KEY", "--done", "1", "--not-done"], says: "say either --done VALUE or --not-done" },
      { args: [journal, "KEY", "--done", "paid"], says: `--done '"paid"'` },
      { args: [journal, "/till/payer#1.7", "--done", "1"], says: "no work of /till/payer has the key /till/payer#1.7; under way there:" },
    ])("with $args", async ({ args, says }) => {
      expect(await desk.call(["resolve", ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(says) as string });
    });
  });
});
