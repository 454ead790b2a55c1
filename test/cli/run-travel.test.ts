/** Time travel over the journals of `orgtree run`. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bugfix, Desk, fixture, killAt } from "./orgtree-process.ts";

describe.concurrent("orgtree replay of a run", () => {
  test("needs its journal and its organization: no repository, no copy, no model", async () => {
    await using desk = await Desk.open();
    const journal = join(desk.cwd, "crew.journal");
    expect((await desk.run(["run", bugfix, "--journal", journal])).code).toBe(0);
    expect(await desk.leftovers()).toEqual([]);
    const { actors } = JSON.parse((await desk.run(["history", journal, "--json"])).stdout) as {
      actors: { address: string; isOver: boolean }[];
    };
    expect(actors.filter(({ isOver }) => !isOver).map(({ address }) => address)).toEqual(["/", "/_run"]);
    const { code, stdout, stderr } = await desk.run(["replay", journal, bugfix]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^.*crew\.journal {2}the same\n {2}\d+ turns of 9 actors computed again\n {2}\d+ decisions of supervisors made again\n {2}\d+ not: decisions of supervisors\n$/,
    );
    expect(await desk.leftovers()).toEqual([]);
  });
});

describe.concurrent("orgtree fork of a run", () => {
  test("goes on in a copy and a directory of its own, and the original where it was", async () => {
    await using desk = await Desk.open();
    const [original, fork] = ["original", "fork"].map((name) => join(desk.cwd, `${name}.journal`)) as [string, string];
    await killAt(desk, "worker    calls read_file", [bugfix, "--journal", original]);
    // What was said in it is nobody else's to read.
    for (const suffix of ["", "-wal", "-shm"]) expect(statSync(`${original}${suffix}`).mode & 0o777).toBe(0o600);
    expect((await desk.run(["fork", original, "--to", fork])).code).toBe(0);
    const forked = await desk.run(["run", bugfix, "--resume", fork]);
    expect(forked).toMatchObject({ code: 0, stderr: "" });
    expect(forked.stdout).toContain("goes on where it was");
    expect(await desk.leftovers()).toHaveLength(1);
    expect(await desk.run(["run", bugfix, "--resume", original])).toMatchObject({ code: 0, stderr: "" });
    expect(await desk.leftovers()).toEqual([]);
  });

  test("of a run that has ended goes on from before its end, with edits that were made", async () => {
    await using desk = await Desk.open();
    const [original, fork] = ["original", "fork"].map((name) => join(desk.cwd, `${name}.journal`)) as [string, string];
    const ended = await desk.run(["run", bugfix, "--journal", original]);
    const { stdout } = await desk.run(["history", original, "/bugfix/lead", "--json"]);
    const { turns } = JSON.parse(stdout) as { turns: { position: number; actor: { label: string } }[] };
    const { position } = turns.find(({ actor }) => actor.label === "holding")!;
    expect((await desk.run(["fork", original, "--at", `${position}`, "--to", fork])).code).toBe(0);
    const forked = await desk.run(["run", bugfix, "--resume", fork]);
    expect(forked).toMatchObject({ code: 0, stderr: "" });
    const patchOf = (text: string): string => text.slice(text.indexOf("diff --git"), text.indexOf("\nagent "));
    expect(patchOf(forked.stdout)).toBe(patchOf(ended.stdout));
    expect(await desk.leftovers()).toEqual([]);
  });
});

describe.concurrent("orgtree rollback of a run", () => {
  test("that has ended is refused, and names the fork by which it goes on", async () => {
    await using desk = await Desk.open();
    const played = fixture("played.ts");
    expect((await desk.run(["run", played, "--journal", "line.journal"])).code).toBe(0);
    const refused = await desk.run(["rollback", "line.journal", "/desk", "--to", "0", "--consent"]);
    expect(refused.code).toBe(2);
    const call = /orgtree (fork line\.journal --at \S+ --to) NEW, and run --resume NEW\n$/.exec(refused.stderr)?.[1];
    expect(call).toMatch(/^fork line.journal --at \/desk@0 --to$/);
    const { stdout } = await desk.run(["history", "line.journal", "/desk/writer", "--json", "--last", "1"]);
    const { turns } = JSON.parse(stdout) as { turns: { seq: number }[] };
    const point = `/desk/writer@${turns[0]!.seq}`;
    expect((await desk.run(["fork", "line.journal", "--at", point, "--to", "other.journal"])).code).toBe(0);
    const forked = await desk.run(["run", played, "--resume", "other.journal"]);
    expect(forked).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("goes on where it was") });
  });
});
