/** Time travel over the journals of `orgtree run`. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bugfix, Desk } from "./orgtree-process.ts";

describe.concurrent("orgtree replay of a run", () => {
  test("needs its journal and its organization: no repository, no copy, no model", async () => {
    await using desk = await Desk.open();
    const journal = join(desk.cwd, "crew.journal");
    expect((await desk.run(["run", bugfix, "--journal", journal])).code).toBe(0);
    expect(await desk.leftovers()).toEqual([]);
    const { code, stdout, stderr } = await desk.run(["replay", journal, bugfix]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^.*crew\.journal {2}the same\n {2}\d+ turns of 9 actors computed again\n {2}\d+ not: decisions of supervisors\n$/,
    );
    expect(await desk.leftovers()).toEqual([]);
  });
});
