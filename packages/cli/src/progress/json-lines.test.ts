import { describe, expect, test } from "vitest";

import { jsonLine } from "./json-lines.ts";

describe("jsonLine", () => {
  test("is one line, whatever is in the object", () => {
    const loop: Record<string, unknown> = { name: "loop" };
    loop["self"] = [loop];
    const shared = { n: 1 };
    const object = { loop, big: 12n, call: () => 1, text: "a\nb", error: new TypeError("no"), twice: [shared, shared], none: undefined };
    const line = jsonLine(object);
    expect(line).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(line)).toEqual({
      loop: { name: "loop", self: ["[circular]"] },
      big: "12",
      call: "() => 1",
      text: "a\nb",
      error: { name: "TypeError", message: "no" },
      twice: [{ n: 1 }, { n: 1 }],
    });
  });
});
