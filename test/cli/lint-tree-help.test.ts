import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

import { bugfix, Desk, fixture } from "./orgtree-process.ts";

const badMachines = fileURLToPath(new URL("../../packages/runtime/src/lint/bad-machines.fixture.ts", import.meta.url));
const goodAgents = fileURLToPath(new URL("../../packages/runtime/src/lint/good-agents.fixture.ts", import.meta.url));

interface LintJson {
  readonly files: readonly {
    readonly file: string;
    readonly linted: readonly { readonly subject: string; readonly findings: readonly Found[] }[];
  }[];
  readonly errors: number;
  readonly warnings: number;
}

interface Found {
  readonly severity: string;
  readonly rule: string;
  readonly state: string;
}

/** What the fixtures of the lint say of themselves. */
interface Linted {
  readonly findings: readonly string[];
}

describe("orgtree lint", () => {
  test("finds nothing to say about the bug-fix crew", async () => {
    await using desk = await Desk.open();
    const { code, stdout, stderr } = await desk.call(["lint", bugfix]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n").slice(1)).toEqual([
      ...["planner", "critic", "worker"].map((name) => `  ✔ bugfix/${name}  ends in dismissed, looping, stuck, incoherent, unfounded`),
      "  ✔ bugfix/verifier  ends in dismissed",
      "  ✔ bugfix/lead  ends in done, disagreed, rejected, unfinished",
      "",
      "5 subjects in 1 file: 0 errors, 0 warnings",
      "",
    ]);
  });

  test("prints findings aligned, and exits with 1 when there are errors", async () => {
    await using desk = await Desk.open();
    const { code, stdout } = await desk.call(["lint", fixture("machines.ts"), fixture("unknown-tool.ts")]);
    expect(code).toBe(1);
    const lines = stdout.split("\n");
    expect(lines).toContain("  ✔ closing  ends in closed");
    expect(lines).toContain("  ✗ endless");
    expect(lines).toContain("  ✔ limited  ends in closed");
    expect(lines).toContain("  ✔ inside.doors[0]  ends in closed");
    expect(lines).toContainEqual(expect.stringMatching(/^ {6}error {4}no-final {4}endless {14}"endless" has no final state/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {6}warning {2}no-timeout {2}patient\.open {9}"patient.open" waits/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {6}error {4}spec {8}agents\.writer\.tools {2}no tool is called "telephone"/));
    expect(lines.at(-2)).toBe("6 subjects in 2 files: 3 errors, 2 warnings");
  });

  test("says the same as the lint itself, as JSON", async () => {
    await using desk = await Desk.open();
    const { code, stdout } = await desk.call(["lint", badMachines, goodAgents, "--json"]);
    expect(code).toBe(1);
    const { files, errors, warnings } = JSON.parse(stdout) as LintJson;
    const found = files.flatMap(({ linted }) =>
      linted.map(({ findings }) => findings.map(({ severity, rule, state }) => `${severity} ${rule} ${state}`)),
    );
    const fixtures = (await import(badMachines)) as { readonly badMachines: readonly Linted[] };
    const others = (await import(goodAgents)) as { readonly goodAgents: readonly Linted[] };
    expect(found).toEqual([...fixtures.badMachines, ...others.goodAgents].map(({ findings }) => findings));
    expect(found.flat()).toHaveLength(errors + warnings);
  });

  test("exits with 2 and says so when there was nothing to lint: that is no success", async () => {
    await using desk = await Desk.open();
    await desk.write("nothing.mjs", "export const number = 3;\n");
    expect(await desk.call(["lint", "nothing.mjs"])).toEqual({
      code: 2,
      stdout: "nothing.mjs  exports no machine and no organization\n\n0 subjects in 1 file: 0 errors, 0 warnings\n",
      stderr: "orgtree: there was nothing to lint; export the machine or the organization, by any name\n",
    });
    const beside = await desk.call(["lint", "nothing.mjs", bugfix]);
    expect(beside).toMatchObject({ code: 0, stderr: "" });
    expect(beside.stdout).toContain("nothing.mjs  exports no machine and no organization\n");
  });

  test("reports what an import says of its own specification", async () => {
    await using desk = await Desk.open();
    await desk.write(
      "spec.mjs",
      'const error = Object.assign(new Error("agents.a.purpose: say it"), { name: "SpecError", field: "agents.a.purpose" });\nthrow error;\n',
    );
    const refused = await desk.call(["lint", "spec.mjs"]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("error    spec  agents.a.purpose  say it");
  });
});

describe("orgtree tree", () => {
  test("says what becomes of a temporary agent, and of an end without a class, as the runtime decides it", async () => {
    await using desk = await Desk.open();
    const { code, stdout } = await desk.call(["tree", fixture("temporary.ts")]);
    expect(code).toBe(0);
    expect(stdout).toContain("│  ends        given up (crash), closed (normal)\n");
    expect(stdout).toContain(
      "│  restarts    never (temporary)\n│  on          tool-error, model-error/auth, model-error/bad-request, unverified/bad-check,\n│              unverified/bad-fingerprint: escalate\n│              anything else: stop\n│  budget",
    );
  });

  test("draws agents, tools, ends, answers and budgets", async () => {
    await using desk = await Desk.open();
    const { code, stdout, stderr } = await desk.call(["tree", bugfix]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^bugfix {2}risk medium\n│ {2}supervisor {2}one-for-one: .*; at most 20 restarts within 10 min\n/);
    expect(stdout).toContain("│  contract    check: `CHECK` exits with 0\n");
    expect(stdout).toContain("on loop, no-progress, role-violation, unfounded-claim: restart (2 within 10 min),");
    expect(stdout).toContain("├─ worker\n│  purpose     Change the code so that the check passes.\n│  tools       list_files, read_file,");
    expect(stdout).toContain("├─ gate  hold point\n");
    expect(stdout).toContain("└─ lead\n   ends        done (normal), disagreed (disagreement), rejected (rejected), unfinished\n");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  test("gives the whole outline as JSON", async () => {
    await using desk = await Desk.open();
    const { code, stdout } = await desk.call(["tree", fixture("desk.ts"), "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: "desk",
      criteria: [],
      members: [
        {
          name: "writer",
          kind: "worker",
          purpose: "Write one line about the topic.",
          recipients: [],
          restart: "transient",
          budget: { turns: 500 },
        },
        { name: "editor", ends: expect.arrayContaining([{ state: "looping", exit: "loop" }]) },
        {
          name: "lead",
          kind: "lead",
          ends: [
            { state: "done", exit: "normal" },
            { state: "unfinished", exit: "no-progress" },
          ],
        },
      ],
    });
  });
});

describe("orgtree help", () => {
  test.each([
    { args: [], says: "orgtree run FILE [options]" },
    { args: ["--help"], says: "Exit codes: 0 done; 1 failed" },
    { args: ["help", "run"], says: "--base-url URL" },
    { args: ["lint", "--help"], says: "as `node FILE` would" },
    { args: ["help", "help"], says: "orgtree help [COMMAND]" },
  ])("$args tells it", async ({ args, says }) => {
    await using desk = await Desk.open();
    const { code, stdout, stderr } = await desk.call(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(says);
  });

  test("--version is one line, of a process", async () => {
    await using desk = await Desk.open();
    expect(await desk.run(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});
