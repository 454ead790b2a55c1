/** A value as JSON, whatever a journal may have in it: what JSON cannot say becomes a text. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value, toPlain) ?? "null";
}

function toPlain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof Error) return { name: value.name, message: value.message, cause: value.cause };
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString("base64");
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  return value;
}
