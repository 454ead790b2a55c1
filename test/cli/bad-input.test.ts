import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { bugfix, Desk, fixture } from "./orgtree-process.ts";

const desk = fixture("desk.ts");
const key = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "http://127.0.0.1:1/v1" };
const onRepository = ["--check", "true", "--task", "Mend."];

/** Everything here exits with 2, says why and what to do, and leaves nothing. `REPO` is a repository, `DIR` a directory that is none. */
const cases: readonly { readonly args: readonly string[]; readonly says: string | RegExp; readonly env?: Record<string, string> }[] = [
  { args: ["rnu"], says: 'no command is called "rnu"; did you mean run?' },
  { args: ["help", "tre"], says: 'no command is called "tre"; did you mean tree?' },
  { args: ["run", bugfix, "--chekc", "x"], says: "there is no option --chekc of run; did you mean --check?" },
  { args: ["run"], says: "run needs a FILE; write orgtree run FILE [options]" },
  { args: ["run", "nowhere.ts"], says: "there is no file nowhere.ts; name the file that exports your organization" },
  { args: ["run", "DIR"], says: /is a directory; name a file in it$/ },
  { args: ["tree", "empty.mjs"], says: "empty.mjs has no organization as its default export; write export default organization({ … })" },
  { args: ["run", fixture("machines.ts")], says: /machines\.ts has no organization as its default export; write export default/ },
  {
    args: ["run", "named.mjs"],
    says: "named.mjs has no organization as its default export; its export team is one: write export default team",
  },
  { args: ["run", "broken.ts"], says: /^cannot import broken\.ts: SyntaxError: .* \(.*broken\.ts:2\)$/ },
  { args: ["tree", "throws.mjs"], says: /^cannot import throws\.mjs: TypeError: .* \(.*throws\.mjs:2\)$/ },
  {
    args: ["lint", "misses.mjs"],
    says: /^cannot import misses\.mjs: Cannot find package 'nowhere' .*; install it where the file is: npm install nowhere$/,
  },
  {
    args: ["tree", "outside.mjs"],
    says: /^cannot import outside\.mjs: Cannot find package 'orgtree' .*; it is not published yet: move the file .*ln -s /,
  },
  { args: ["lint", "text.txt"], says: /^cannot import text\.txt: / },
  { args: ["run", "demo.mjs"], says: "the demo of demo.mjs is not complete; it is { task: string, script: (thinkMs) => ModelClient }" },
  { args: ["run", "half.mjs"], says: /^the demo of half\.mjs is not complete; it is \{ files: URL, check: string, task: string, script/ },
  {
    args: ["run", fixture("unknown-tool.ts"), "--task", "x"],
    env: key,
    says: 'agents.writer.tools: no tool is called "telephone"; there are none',
  },
  { args: ["tree", fixture("unknown-tool.ts")], says: 'agents.writer.tools: no tool is called "telephone"; there are none' },

  { args: ["run", desk], env: key, says: 'desk needs something to do; give --task "…"' },
  { args: ["run", desk, "--task", "the sea"], says: /^there is no model to work with: OPENAI_API_KEY is not set; export OPENAI_API_KEY=/ },
  { args: ["run", desk, "--task", "the sea"], env: { OPENAI_API_KEY: " " }, says: /^there is no model to work with/ },
  { args: ["run", bugfix, "--task", "something else"], says: /^without OPENAI_API_KEY only the script of org\.ts can be played/ },
  { args: ["run", bugfix, "--repo", "REPO", ...onRepository], says: /^there is no model to work with: OPENAI_API_KEY is not set/ },
  { args: ["run", bugfix, "--repo", "REPO", "--task", "x"], env: key, says: /^--repo needs --check too; add the command/ },
  { args: ["run", bugfix, "--repo", "REPO", "--check", "true"], env: key, says: /^--repo needs --task too/ },
  { args: ["run", desk, "--repo", "REPO", ...onRepository], env: key, says: /^desk works on its task alone; leave --repo out/ },
  { args: ["run", bugfix, "--check", "true"], says: "--check means nothing without --repo; add --repo PATH" },
  { args: ["run", bugfix, "--ignored", "x"], says: "--ignored means nothing without --repo; add --repo PATH" },
  {
    args: ["run", "bare.mjs", "--task", "x"],
    env: key,
    says: /^bare works on a repository; give --repo PATH --check "COMMAND" --task "…"$/,
  },
  {
    args: ["run", bugfix, "--repo", "nowhere", ...onRepository],
    env: key,
    says: /nowhere is not a git repository to work on: there is no such directory/,
  },
  { args: ["run", bugfix, "--repo", "DIR", ...onRepository], env: key, says: /DIR is not a git repository to work on/ },
  {
    args: ["run", bugfix, "--repo", "REPO", "--check", "nosuchcommand --x", "--task", "x"],
    env: key,
    says: /check: `nosuchcommand --x`, or what it calls, was not found in the copy of the repository \(.*nosuchcommand: not found\).*unless --ignored names them/,
  },
  {
    args: ["run", bugfix, "--repo", "REPO", ...onRepository, "--ignored", "../x"],
    env: key,
    says: "--ignored ../x: must be a path inside of the repository",
  },
  {
    args: ["run", bugfix, "--repo", "REPO", ...onRepository, "--ignored", "node_modules"],
    env: key,
    says: /^--ignored node_modules: there is no such path in \/.*\/repo; leave it out$/,
  },
  {
    args: ["run", bugfix, "--repo", "REPO", ...onRepository, "--base-url", "localhost"],
    env: key,
    says: "--base-url needs http:// or https://; write --base-url http://localhost",
  },
  {
    args: ["run", desk, "--task", "x", "--base-url", "localhost:18080"],
    says: "--base-url needs http:// or https://; write --base-url http://localhost:18080",
  },
  {
    args: ["run", desk, "--task", "x"],
    env: { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "localhost:18080" },
    says: "OPENAI_BASE_URL needs http:// or https://; write OPENAI_BASE_URL=http://localhost:18080",
  },
  {
    args: ["run", desk, "--task", "x", "--price-in", "1"],
    env: key,
    says: "--price-in needs --price-out too; give both, in US dollars per million tokens",
  },
  {
    args: ["run", desk, "--task", "x", "--price-in", "1", "--price-out", "$8"],
    env: key,
    says: "--price-out is no price: $8; give US dollars per million tokens, such as 0.25",
  },
  { args: ["run", bugfix, "--scripted", "--price-in", "1"], says: /has no use for --price-in; leave out one of them$/ },
  {
    args: ["run", fixture("environment.ts"), "--task", "x"],
    env: key,
    says: /^newsroom works on an environment, which its tools take, and only a program can give one: run\(newsroom, task, \{ model, environment \}\)/,
  },
  {
    args: ["run", fixture("bad-answers.ts"), "--task", "x"],
    env: key,
    says: /agents\.writer\.onFailure\.crsh: no such failure class; one of crash, timeout/,
  },
  {
    args: ["run", fixture("endless.ts"), "--task", "x"],
    env: key,
    says: /^machine "agents\.turner: endless" is refused/,
  },
  { args: ["run", bugfix, "--scripted", "--repo", "REPO"], says: /^--scripted plays what FILE brings along and has no use for --repo/ },
  { args: ["run", bugfix, "--scripted", "--model", "m"], says: /has no use for --model; leave out one of them$/ },
  { args: ["run", desk, "--scripted"], says: /desk\.ts brings no script along; / },
  {
    args: ["run", bugfix, "../my-project"],
    env: { npm_lifecycle_event: "orgtree", npm_config_repo: "true", npm_config_json: "true" },
    says: "npm has kept --repo for itself; write -- before what is meant for orgtree: npm run orgtree -- …",
  },
  { args: ["run", bugfix, "--out", "nowhere/x.patch"], says: /^cannot write to .*nowhere: .*; choose another --out$/ },
  { args: ["run", bugfix, "--out", "DIR"], says: /DIR is a directory; name a file with --out$/ },
  { args: ["run", bugfix, "--log", "nowhere/x.log"], says: /^cannot write the log nowhere\/x\.log: / },
];

const files: Readonly<Record<string, string>> = {
  "empty.mjs": "export {};\n",
  "named.mjs": 'export const team = { name: "team", agents: {}, lead() {}, budget: {} };\n',
  "bare.mjs": 'export default { name: "bare", agents: {}, lead() {}, budget: {}, risk: "low", worksOn: "repository" };\n',
  "broken.ts": "const a = 1;\nconst = 2;\n",
  "throws.mjs": "const nothing = undefined;\nnothing.call();\n",
  "misses.mjs": 'import "nowhere";\n',
  "outside.mjs": 'import { agent } from "orgtree";\nexport default agent;\n',
  "text.txt": "no code\n",
  "demo.mjs": 'export default { name: "team", agents: {}, lead() {}, budget: {} };\nexport const demo = { check: "true" };\n',
  "half.mjs":
    'export default { name: "team", agents: {}, lead() {}, budget: {}, worksOn: "repository" };\nexport const demo = { task: "x", script() {} };\n',
};

describe("bad input", () => {
  test("ends a process with 2", async () => {
    await using place = await Desk.open();
    expect(await place.run(["rnu"])).toEqual({ code: 2, stdout: "", stderr: 'orgtree: no command is called "rnu"; did you mean run?\n' });
  });

  test.each(cases)("orgtree $args", async ({ args, says, env }) => {
    await using place = await Desk.open();
    for (const [name, text] of Object.entries(files)) if (args.includes(name)) await place.write(name, text);
    await mkdir(join(place.cwd, "DIR"));
    const repo = args.includes("REPO") ? await place.tideTable("repo") : "";
    const { code, stdout, stderr } = await place.call(
      args.map((arg) => (arg === "REPO" ? repo : arg)),
      env,
    );
    const message = stderr.split("\n").find((line) => line.startsWith("orgtree: "));
    expect(message?.slice("orgtree: ".length), stderr).toEqual(typeof says === "string" ? says : expect.stringMatching(says));
    expect(stderr).not.toContain("    at ");
    // Nothing has been announced.
    expect(stdout.replace(/^copying the repository, .*\n/, "")).toBe("");
    expect(code).toBe(2);
    expect(await place.leftovers()).toEqual([]);
  });

  test("is told as a result too, to whoever reads JSON", async () => {
    await using place = await Desk.open();
    const { code, stdout, stderr } = await place.call(["run", "nowhere.ts", "--json"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^orgtree: there is no file nowhere\.ts/);
    expect(JSON.parse(stdout)).toMatchObject({ type: "result", status: "refused", exitCode: 2, error: { name: "UsageError" } });
  });

  test("shows the stack with --debug", async () => {
    await using place = await Desk.open();
    await place.write("throws.mjs", files["throws.mjs"]!);
    const { code, stderr } = await place.call(["run", "throws.mjs", "--debug"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^orgtree: cannot import throws\.mjs/);
    expect(stderr).toMatch(/\n {4}at .*\ncaused by TypeError: .*\n {4}at .*throws\.mjs:2/s);
  });
});
