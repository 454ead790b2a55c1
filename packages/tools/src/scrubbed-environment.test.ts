import { expect, test } from "vitest";
import { scrubbedEnvironment } from "./scrubbed-environment.ts";

const parent = { PATH: "/opt/bin", HOME: "/home/person", OPENAI_API_KEY: "sk-secret", LD_PRELOAD: "/evil.so", NODE_OPTIONS: "--inspect" };

test("scrubbedEnvironment takes PATH alone from the parent", () => {
  expect(scrubbedEnvironment(parent, "/tmp/own")).toEqual({ PATH: "/opt/bin", HOME: "/tmp/own", LANG: "C.UTF-8", TMPDIR: "/tmp/own" });
});

test("scrubbedEnvironment adds and replaces what is named", () => {
  const named = { CI: "1", HOME: "/elsewhere" };
  expect(scrubbedEnvironment({}, "/tmp/own", named)).toEqual({
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: "/elsewhere",
    LANG: "C.UTF-8",
    TMPDIR: "/tmp/own",
    CI: "1",
  });
});
