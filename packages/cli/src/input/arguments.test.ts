import { describe, expect, test } from "vitest";

import { parseArguments } from "./arguments.ts";
import type { Command, Topic } from "./command.ts";

const run: Command = {
  name: "run",
  usage: "FILE [options]",
  summary: "",
  details: [],
  options: [
    { name: "task", value: "TEXT", text: "" },
    { name: "ignored", value: "PATH", isMultiple: true, text: "" },
    { name: "log", value: "FILE", text: "" },
    { name: "json", text: "" },
  ],
  operands: { name: "FILE", least: 1, most: 1 },
  load: () => Promise.reject(new Error("nothing is carried out here")),
};
const lint: Command = { ...run, name: "lint", options: [], operands: { name: "FILE", least: 1, most: Infinity } };

const verify: Command = { ...lint, name: "journal verify", operands: { name: "FILE", least: 1, most: 1 } };
const repair: Command = { ...verify, name: "journal repair", usage: "FILE --to NEW", options: [{ name: "to", value: "NEW", text: "" }] };
const help: Topic = { ...lint, name: "help", usage: "[COMMAND]", operands: { name: "COMMAND", least: 0, most: 2 } };

const parse = (...args: string[]) => parseArguments(args, { name: "orgtree", commands: [run, lint, verify, repair], help });

describe("parseArguments", () => {
  test("reads operands, values and flags in any order", () => {
    const request = parse("run", "--json", "org.ts", "--ignored", "a", "--task=--mend--", "--ignored=b", "--log", "-");
    expect(request).toMatchObject({
      kind: "command",
      command: run,
      input: {
        operands: ["org.ts"],
        values: new Map([
          ["ignored", ["a", "b"]],
          ["task", ["--mend--"]],
          ["log", ["-"]],
        ]),
        flags: new Set(["json"]),
      },
    });
  });

  test("takes what stands behind -- as it is", () => {
    expect(parse("run", "--", "--odd.ts")).toMatchObject({ input: { operands: ["--odd.ts"] } });
  });

  test.each([
    { args: [], request: { kind: "help", topics: [] } },
    { args: ["--help"], request: { kind: "help", topics: [] } },
    { args: ["-h"], request: { kind: "help", topics: [] } },
    { args: ["run", "--help"], request: { kind: "help", topics: [run] } },
    { args: ["run", "-h"], request: { kind: "help", topics: [run] } },
    { args: ["help"], request: { kind: "help", topics: [] } },
    { args: ["help", "run"], request: { kind: "help", topics: [run] } },
    { args: ["help", "journal"], request: { kind: "help", topics: [verify, repair] } },
    { args: ["journal", "--help"], request: { kind: "help", topics: [verify, repair] } },
    { args: ["help", "journal", "repair"], request: { kind: "help", topics: [repair] } },
    { args: ["journal", "repair", "-h"], request: { kind: "help", topics: [repair] } },
    { args: ["journal", "--debug", "verify", "a.journal"], request: { command: verify, input: { operands: ["a.journal"] } } },
    {
      args: ["journal", "repair", "a", "--to", "b"],
      request: { command: repair, input: { operands: ["a"], values: new Map([["to", ["b"]]]) } },
    },
    { args: ["--version"], request: { kind: "version" } },
    { args: ["--debug", "lint", "a.ts", "b.ts"], request: { kind: "command", command: lint } },
  ])("$args asks for $request.kind", ({ args, request }) => {
    expect(parse(...args)).toMatchObject(request);
  });

  test.each([
    { args: ["rnu", "x"], message: 'no command is called "rnu"; did you mean run?' },
    { args: ["deploy"], message: 'no command is called "deploy"; there are run, lint, journal verify, journal repair, help' },
    { args: ["help", "lnt"], message: 'no command is called "lnt"; did you mean lint?' },
    { args: ["--verson"], message: "there is no option --verson; did you mean --version?" },
    { args: ["run", "org.ts", "--tsak", "x"], message: "there is no option --tsak of run; did you mean --task?" },
    { args: ["run", "org.ts", "--zzz=1"], message: "there is no option --zzz of run; `orgtree help run` lists them" },
    { args: ["run", "org.ts", "-x"], message: "there is no option -x of run; `orgtree help run` lists them" },
    { args: ["run", "org.ts", "--task"], message: "--task needs a value; write --task TEXT" },
    { args: ["run", "org.ts", "--task", " "], message: "--task needs a value; write --task TEXT" },
    { args: ["run", "org.ts", "--task", "--json"], message: "--task needs a value, and --json looks like an option; write --task=TEXT" },
    { args: ["run", "org.ts", "--task", "a", "--task", "b"], message: "--task is given twice" },
    { args: ["run", "org.ts", "--json=1"], message: "--json takes no value" },
    {
      args: ["journal"],
      message: "journal is not all of a command; there are journal verify, journal repair; write orgtree journal verify FILE [options]",
    },
    { args: ["journal", "verfy", "x"], message: 'no command is called "journal verfy"; did you mean journal verify?' },
    { args: ["journal", "verify"], message: "journal verify needs a FILE; write orgtree journal verify FILE [options]" },
    { args: ["run"], message: "run needs a FILE; write orgtree run FILE [options]" },
    { args: ["run", "a.ts", "b.ts"], message: 'run does not know what to do with "b.ts"; write orgtree run FILE [options]' },
  ])("refuses $args", ({ args, message }) => {
    expect(() => parse(...args)).toThrow(expect.objectContaining({ name: "UsageError", message }));
  });
});
