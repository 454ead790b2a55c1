/**
 * Whether a JSON Schema lies within the subset that OpenAI's strict mode takes: objects are closed and require all their
 * properties, and only known keywords occur. Strict mode makes the server enforce the schema, but answers 400 to anything
 * outside of the subset, so it is asked for only where it will be granted.
 *
 * See https://platform.openai.com/docs/guides/structured-outputs#supported-schemas.
 */
export function isStrictSchema(schema: Readonly<Record<string, unknown>>): boolean {
  return schema["type"] === "object" && isStrict(schema, 0);
}

/** Keywords that hold no schemas. `default`, `allOf`, `not`, `oneOf`, `if` and their kin are missing on purpose. */
const plainKeywords = new Set(
  (
    "type description title enum const $ref $schema $id required additionalProperties pattern multipleOf maximum exclusiveMaximum " +
    "minimum exclusiveMinimum minItems maxItems"
  ).split(" "),
);

const formats = new Set(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]);

/** As deep as strict mode allows objects to nest. */
const maxDepth = 10;

function isStrict(schema: unknown, depth: number): boolean {
  if (!isRecord(schema) || depth > maxDepth) return false;
  const isObject = schema["type"] === "object" || schema["properties"] !== undefined;
  if (isObject && !isClosed(schema)) return false;
  return Object.entries(schema).every(([keyword, value]) => isStrictKeyword(keyword, value, depth));
}

function isClosed(schema: Readonly<Record<string, unknown>>): boolean {
  const { properties, required, additionalProperties } = schema;
  if (additionalProperties !== false || !isRecord(properties) || !Array.isArray(required)) return false;
  return Object.keys(properties).every((name) => required.includes(name));
}

function isStrictKeyword(keyword: string, value: unknown, depth: number): boolean {
  switch (keyword) {
    case "items":
      return isStrict(value, depth + 1);
    case "anyOf":
      return Array.isArray(value) && value.every((branch) => isStrict(branch, depth + 1));
    case "properties":
    case "$defs":
    case "definitions":
      return isRecord(value) && Object.values(value).every((inner) => isStrict(inner, depth + 1));
    case "format":
      return typeof value === "string" && formats.has(value);
    default:
      return plainKeywords.has(keyword);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
