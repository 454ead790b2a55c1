import { SpecError, ToolError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { makeBarrier } from "../test-support/barrier.ts";
import { fakeClock } from "../test-support/fake-clock.ts";
import { temporaryDirectory } from "../test-support/temporary-directory.ts";
import { commandTool } from "./command-tool.ts";

const facts = { name: "check", description: "Checks.", kind: "idempotent" } as const;
const context = { signal: new AbortController().signal, key: "/a#1.0" };

describe("commandTool", () => {
  test("runs the command, without arguments of the model's", async () => {
    await using directory = await temporaryDirectory();
    const tool = commandTool({ ...facts, command: "echo failed; exit 1", cwd: directory.path });
    expect(tool).toMatchObject({ kind: "idempotent", parameters: { type: "object", properties: {}, additionalProperties: false } });
    expect(await tool.run({}, context)).toMatchObject({ exitCode: 1, stdout: "failed\n" });
    await expect(tool.run({ command: "rm -rf /" }, context)).rejects.toThrow(/command: unknown field; known are none/);
  });

  test("gives what was written until the deadline", async () => {
    await using directory = await temporaryDirectory();
    const { reached } = makeBarrier(directory.path);
    const clock = fakeClock();
    const tool = commandTool({
      ...facts,
      command: "echo begun; echo > ready; exec sleep 1000",
      cwd: directory.path,
      timeoutMs: 300,
      clock,
    });
    const running = tool.run({}, context);
    await reached();
    clock.advance(300);
    expect(await running).toMatchObject({ timedOut: true, stdout: "begun\n" });
    expect(clock.pending).toBe(0);
  });

  test("fails when the command cannot be run", async () => {
    await using directory = await temporaryDirectory();
    const error: unknown = await commandTool({ ...facts, command: ["no-such-program"], cwd: directory.path })
      .run({}, context)
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ToolError);
    expect(error).toMatchObject({ kind: "failed", cause: { name: "CommandNotFoundError" } });
  });

  test("shows a model 32 KiB at most unless told otherwise", async () => {
    await using directory = await temporaryDirectory();
    const { stdout, truncated } = await commandTool({ ...facts, command: "seq 1 50000", cwd: directory.path }).run({}, context);
    expect(truncated).toBe(true);
    expect(stdout.length).toBeLessThan(33 * 1024);
  });

  test("cannot be compensable", () => {
    expect(() => commandTool({ ...facts, kind: "compensable" as never, command: "true", cwd: "/" })).toThrow(SpecError);
  });
});
