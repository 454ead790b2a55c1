import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const top = new URL("../", import.meta.url);
const page = readFileSync(new URL("docs/semantics.md", top), "utf8");

const places: Readonly<Record<string, string>> = {
  rt: "packages/runtime/src",
  core: "packages/core/src",
  conf: "test/conformance",
  dur: "test/durable",
  net: "test/cluster",
  tools: "packages/tools/src",
  model: "packages/model/src",
  org: "packages/org/src",
  cluster: "packages/cluster/src/ownership",
  journal: "packages/journal/test-support",
  forks: "packages/journal/src",
  files: "packages/journal/src",
  test: "test",
};

const rows = [...page.matchAll(/\| (\w+)\/([\w./-]+): "([^"]*)" \|/g)].map(([, place, file, title]) => ({
  file: `${places[place!]}/${file}`,
  title: title!,
}));

describe("docs/semantics.md", () => {
  test("names a test in every row", () => {
    const guarantees = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| guarantee"));
    expect(rows).toHaveLength(guarantees.length);
  });

  test.each(rows)("$file has a test '$title'", ({ file, title }) => {
    expect(title).not.toBe("");
    expect(readFileSync(new URL(file, top), "utf8")).toContain(title);
  });
});
