import type { CommandResult } from "@orgtree/tools";
import { describe, expect, test } from "vitest";
import { outcomeOf } from "./repository.ts";

const ended: CommandResult = {
  exitCode: 0,
  signal: null,
  stdout: "said\n",
  stderr: "",
  truncated: false,
  durationMs: 1,
  timedOut: false,
  overflowed: false,
};

describe("a check", () => {
  test.each<{ what: string; result: Partial<CommandResult>; passed: boolean; observed: string }>([
    { what: "that ends with 0", result: {}, passed: true, observed: "exit code 0\nsaid" },
    { what: "whose output lost its middle", result: { truncated: true }, passed: true, observed: "exit code 0\nsaid" },
    { what: "that ends with 1", result: { exitCode: 1 }, passed: false, observed: "exit code 1\nsaid" },
    { what: "that a signal ended", result: { exitCode: null, signal: "SIGSEGV" }, passed: false, observed: "exit code SIGSEGV\nsaid" },
    {
      what: "that was stopped at its deadline, and said 0",
      result: { timedOut: true },
      passed: false,
      observed: "stopped after 600000 ms\nsaid",
    },
    {
      what: "that was stopped for its output, and said 0",
      result: { overflowed: true },
      passed: false,
      observed: "stopped because it wrote without end; make the check quieter\nsaid",
    },
  ])("$what: passed is $passed", ({ result, passed, observed }) => {
    expect(outcomeOf({ ...ended, ...result })).toEqual({ passed, observed });
  });
});
