import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const examples = new URL("../examples/", import.meta.url);

/** What each example prints. One that is not here has no business being there. */
const printed: Readonly<Record<string, string>> = {
  "01-hello.ts": "The sea is wide and old.\n",
  "02-supervision.ts": [
    'dead letter: {"type":"add","amount":null}',
    "failed: crash at /tills/coffee: cannot add NaN",
    "decided: restart coffee",
    "coffee 5",
    "tea 7",
    "",
  ].join("\n"),
  "03-own-machine.ts": [
    "come in, you are number 1",
    "come in, you are number 2",
    "{ kind: 'normal', output: 2, state: 'closed' }",
    'machine "endless" is refused, 2 errors:',
    '  no-final: "endless" has no final state at its top level and never ends: add one, and a way to it',
    '  dead-end: "endless.turning" has no way out: add a transition or an after that leads on, or make it final',
    "",
  ].join("\n"),
  "04-escalation.ts": [
    "/desk: child-terminated of translator: restart",
    "/desk: child-terminated of translator: restart",
    "/desk: child-terminated of translator: escalate (step 2)",
    "/desk: gave-up of translator: escalate (step 2)",
    "/: child-terminated of desk: stop: a temporary child is not started again",
    "failed",
    "- model-error/refusal at /desk: gave up on translator (escalate (step 2))",
    "- model-error/refusal at /desk/translator: scripted failure: refusal",
    "3 model calls",
    "",
  ].join("\n"),
  "06-new-plan.ts": [
    "/site: builder: rollback",
    "/site: builder: rolled back to 2 planks, /site/builder#2",
    "/site: builder: replan (step 2)",
    "plan 2 is wanted: the glue does not hold; tried: rollback 1×",
    "last good: 2 planks",
    "/site: builder: plan 2",
    "{ method: 'nails', planks: 3 }",
    "",
  ].join("\n"),
  "05-hold-point.ts": ["held back - short failed: 8 words", "accepted - every check passed", "done - The sea is old.", ""].join("\n"),
};

async function output(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@orgtree/source", new URL(file, examples).pathname], {
    timeout: 30_000,
  });
  return stdout;
}

describe("examples", () => {
  const files = readdirSync(examples).filter((name) => name.endsWith(".ts"));

  test("are all accounted for", () => {
    expect(files.toSorted()).toEqual(Object.keys(printed).toSorted());
  });

  test.each(files)("%s prints what it says", async (file) => {
    expect(await output(file)).toBe(printed[file]);
  });
});
