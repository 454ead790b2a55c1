import { describe, expect, test } from "vitest";

import { nearestName } from "./nearest-name.ts";

const commands = ["run", "lint", "tree", "help"];
const options = ["repo", "check", "task", "ignored", "model", "base-url", "out", "json", "log", "plain"];

describe("nearestName", () => {
  test.each([
    { name: "rnu", known: commands, nearest: "run" },
    { name: "lnt", known: commands, nearest: "lint" },
    { name: "Tree", known: commands, nearest: "tree" },
    { name: "chekc", known: options, nearest: "check" },
    { name: "baseurl", known: options, nearest: "base-url" },
    { name: "ignore", known: options, nearest: "ignored" },
    { name: "ignored-paths", known: options, nearest: undefined },
    { name: "deploy", known: commands, nearest: undefined },
    { name: "x", known: commands, nearest: undefined },
    { name: "", known: commands, nearest: undefined },
  ])("$name: $nearest", ({ name, known, nearest }) => {
    expect(nearestName(name, known)).toBe(nearest);
  });
});
