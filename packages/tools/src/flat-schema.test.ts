import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, expectTypeOf, test } from "vitest";
import { flatSchema } from "./flat-schema.ts";

const schema = flatSchema({
  path: { type: "string", minLength: 1, maxLength: 5, description: "Where." },
  line: { type: "integer", minimum: 1, maximum: 9, optional: true, description: "Which." },
  all: { type: "boolean", optional: true, description: "Whether." },
});

function validate(value: unknown) {
  return schema["~standard"].validate(value) as StandardSchemaV1.Result<unknown>;
}

describe("flatSchema", () => {
  test.each([
    [{ path: "a" }, { path: "a" }],
    [
      { path: "a", line: 3, all: false },
      { path: "a", line: 3, all: false },
    ],
    [{ path: "a", line: null }, { path: "a" }],
  ])("accepts %o", (value, accepted) => {
    expect(validate(value)).toEqual({ value: accepted });
  });

  test.each([
    [undefined, undefined, "expected an object with path, line, all"],
    [[], undefined, "expected an object with path, line, all"],
    [{}, "path", "is required"],
    [{ path: null }, "path", "is required"],
    [{ path: "" }, "path", "must have at least 1 characters"],
    [{ path: "abcdef" }, "path", "has 6 characters, at most 5 are allowed"],
    [{ path: 1 }, "path", "expected text, received number"],
    [{ path: "a", line: 1.5 }, "line", "expected an integer from 1 to 9"],
    [{ path: "a", line: "1" }, "line", "expected an integer from 1 to 9"],
    [{ path: "a", all: 1 }, "all", "expected true or false, received number"],
    [{ path: "a", file: "a" }, "file", "unknown field; known are path, line, all"],
    [{ path: "a", toString: 1 }, "toString", "unknown field; known are path, line, all"],
  ])("refuses %o at %s", (value, key, message) => {
    expect(validate(value).issues).toEqual([key === undefined ? { message } : { message, path: [key] }]);
  });

  test("describes itself as JSON Schema", () => {
    expect(schema["~standard"].jsonSchema.input({ target: "draft-2020-12" })).toEqual({
      type: "object",
      properties: {
        path: { type: "string", minLength: 1, maxLength: 5, description: "Where." },
        line: { type: "integer", minimum: 1, maximum: 9, description: "Which." },
        all: { type: "boolean", description: "Whether." },
      },
      required: ["path"],
      additionalProperties: false,
    });
  });

  test("types what it accepts", () => {
    type Accepted = StandardSchemaV1.InferOutput<typeof schema>;
    expectTypeOf<Accepted["path"]>().toEqualTypeOf<string>();
    expectTypeOf<Accepted["line"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<{ path: string }>().toExtend<Accepted>();
  });
});
