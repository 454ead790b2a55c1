import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { SpecError } from "@orgtree/core";

/** JSON Schema of a tool's input, as a model is shown it. */
export type ToolParameters = Readonly<Record<string, unknown>>;

/**
 * The parameters to show to a model: those given, or else what the schema says of itself through Standard JSON Schema
 * (https://standardschema.dev/json-schema), as draft 2020-12.
 *
 * Throws `SpecError` when there are none to be had, or when they are not of type `object`, which models insist on.
 */
export function toolParameters(field: string, schema: StandardSchemaV1, given: ToolParameters | undefined): ToolParameters {
  const parameters = given ?? convert(field, schema);
  if (parameters["type"] !== "object") {
    throw new SpecError(field, `must be a JSON Schema of type "object", not ${JSON.stringify(parameters["type"])}; models accept no other`);
  }
  return parameters;
}

function convert(field: string, schema: StandardSchemaV1): ToolParameters {
  if (!offersJsonSchema(schema)) {
    throw new SpecError(field, `give the JSON Schema of the input: this ${schema["~standard"].vendor} schema does not offer its own`);
  }
  try {
    // The dialect is of no use to a model, and some servers refuse the key.
    const { $schema: _dialect, ...parameters } = schema["~standard"].jsonSchema.input({ target: "draft-2020-12" });
    return parameters;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SpecError(field, `give the JSON Schema of the input: the schema cannot be converted (${why})`);
  }
}

function offersJsonSchema(schema: StandardSchemaV1): schema is StandardSchemaV1 & StandardJSONSchemaV1 {
  const props: object & { readonly jsonSchema?: { readonly input?: unknown } } = schema["~standard"];
  return typeof props.jsonSchema?.input === "function";
}
