/**
 * A Standard Schema for flat objects of texts, integers and flags: enough for this package's own tools, so that users need no
 * schema library for them. It describes itself as JSON Schema.
 */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

/** One field, in the words of JSON Schema. */
type FlatField = (
  | { readonly type: "string"; readonly minLength?: number; readonly maxLength: number }
  | { readonly type: "integer"; readonly minimum: number; readonly maximum: number }
  | { readonly type: "boolean" }
) & { readonly description: string; readonly optional?: boolean };

type FlatFields = Readonly<Record<string, FlatField>>;

type FlatValue<F extends FlatField> = F["type"] extends "string" ? string : F["type"] extends "integer" ? number : boolean;

type OptionalKey<S extends FlatFields> = { [K in keyof S]: S[K] extends { optional: true } ? K : never }[keyof S];

/** The object that a flat schema accepts. */
export type FlatObject<S extends FlatFields> = {
  readonly [K in Exclude<keyof S, OptionalKey<S>>]: FlatValue<S[K]>;
} & { readonly [K in OptionalKey<S>]?: FlatValue<S[K]> | undefined };

type FlatSchema<T> = StandardSchemaV1<unknown, T> & StandardJSONSchemaV1<unknown, T>;

/** Unknown fields are refused by name, so that a model sees its slip. A null in an optional field counts as left out. */
export function flatSchema<const S extends FlatFields>(fields: S): FlatSchema<FlatObject<S>> {
  const describe = (): Record<string, unknown> => toJsonSchema(fields);
  return {
    "~standard": {
      version: 1,
      vendor: "orgtree",
      validate: (value) => check(fields, value) as StandardSchemaV1.Result<FlatObject<S>>,
      jsonSchema: { input: describe, output: describe },
    },
  };
}

function check(fields: FlatFields, value: unknown): StandardSchemaV1.Result<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { issues: [{ message: `expected an object with ${Object.keys(fields).join(", ") || "no fields"}` }] };
  }
  const given = new Map<string, unknown>(Object.entries(value));
  const issues: StandardSchemaV1.Issue[] = [];
  const accepted: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fields)) {
    const item = given.get(key) ?? undefined;
    const problem = item === undefined ? (field.optional ? undefined : "is required") : checkField(field, item);
    if (problem !== undefined) issues.push({ message: problem, path: [key] });
    else if (item !== undefined) accepted[key] = item;
  }
  for (const key of given.keys()) {
    if (!Object.hasOwn(fields, key))
      issues.push({ message: `unknown field; known are ${Object.keys(fields).join(", ") || "none"}`, path: [key] });
  }
  return issues.length > 0 ? { issues } : { value: accepted };
}

function checkField(field: FlatField, item: unknown): string | undefined {
  switch (field.type) {
    case "string": {
      const { minLength = 0, maxLength } = field;
      if (typeof item !== "string") return `expected text, received ${typeof item}`;
      if (item.length < minLength) return `must have at least ${minLength} characters`;
      return item.length > maxLength ? `has ${item.length} characters, at most ${maxLength} are allowed` : undefined;
    }
    case "integer": {
      const fits = Number.isInteger(item) && (item as number) >= field.minimum && (item as number) <= field.maximum;
      return fits ? undefined : `expected an integer from ${field.minimum} to ${field.maximum}`;
    }
    case "boolean":
      return typeof item === "boolean" ? undefined : `expected true or false, received ${typeof item}`;
    default:
      return field satisfies never;
  }
}

function toJsonSchema(fields: FlatFields): Record<string, unknown> {
  const properties = Object.entries(fields).map(([key, { optional: _optional, ...property }]) => [key, property] as const);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: Object.keys(fields).filter((key) => !fields[key]?.optional),
    additionalProperties: false,
  };
}
