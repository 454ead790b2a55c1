import { describe, expect, test } from "vitest";

import { isStrictSchema } from "./strict-schema.ts";

const closed = { type: "object", properties: { at: { type: "string" } }, required: ["at"], additionalProperties: false };

describe("isStrictSchema", () => {
  test.each([
    { what: "closed and all required", schema: closed, isStrict: true },
    { what: "closed within", schema: { ...closed, properties: { at: { type: "array", items: closed } } }, isStrict: true },
    { what: "nullable by anyOf", schema: { ...closed, properties: { at: { anyOf: [closed, { type: "null" }] } } }, isStrict: true },
    { what: "recursive", schema: { ...closed, $defs: { tree: closed }, properties: { at: { $ref: "#/$defs/tree" } } }, isStrict: true },
    { what: "open", schema: { ...closed, additionalProperties: true }, isStrict: false },
    { what: "optional", schema: { ...closed, required: [] }, isStrict: false },
    { what: "open within", schema: { ...closed, properties: { at: { type: "object" } } }, isStrict: false },
    { what: "with a default", schema: { ...closed, properties: { at: { type: "string", default: "noon" } } }, isStrict: false },
    {
      what: "of a format unknown to strict mode",
      schema: { ...closed, properties: { at: { type: "string", format: "uri" } } },
      isStrict: false,
    },
    { what: "no object", schema: { type: "string" }, isStrict: false },
  ])("a schema that is $what: $isStrict", ({ schema, isStrict }) => {
    expect(isStrictSchema(schema)).toBe(isStrict);
  });
});
