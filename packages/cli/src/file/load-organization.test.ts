import { SpecError } from "orgtree";
import { describe, expect, test } from "vitest";

import { explainImportFailure } from "./load-organization.ts";

describe("explainImportFailure", () => {
  const unknown = Object.assign(new TypeError('Unknown file extension ".ts" for /home/me/org.ts'), { code: "ERR_UNKNOWN_FILE_EXTENSION" });

  test.each([
    {
      what: "an old Node",
      error: unknown,
      says: "Node v20.20.2 does not run TypeScript; use Node 22.18 or newer, or name a JavaScript file",
    },
    { what: "what is no error", error: "no", says: "it threw no" },
    { what: "a specification", error: new SpecError("agents.a.purpose", "say it"), says: "agents.a.purpose: say it" },
    {
      what: "a place in the user's file",
      error: Object.assign(new TypeError("no"), { stack: "TypeError: no\n    at file:///home/me/org.ts:3:7\n    at node:internal/x:1:2" }),
      says: "TypeError: no (/home/me/org.ts:3)",
    },
    {
      what: "no place but Node's own",
      error: Object.assign(new SyntaxError("Unexpected token"), {
        stack: "SyntaxError: Unexpected token\n    at a (node:internal/modules/esm/utils:319:16)",
      }),
      says: "SyntaxError: Unexpected token",
    },
  ])("tells $what", ({ error, says }) => {
    expect(explainImportFailure(error, "v20.20.2")).toBe(says);
  });
});
