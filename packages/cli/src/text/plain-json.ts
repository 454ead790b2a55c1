/** Values from a journal as JSON: what JSON cannot say becomes a text that people understand. For reading, not for going back. */

/** As `JSON.stringify`; characters that do something to a terminal or to the order of letters are escaped. */
export function plainJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, toPlain, indent) ?? "undefined";
  return text.replaceAll(invisible, (character) =>
    Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
}

/** Escaped by JSON already: those below a blank, of which it writes line ends by itself. */
const invisible = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function toPlain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof Error) return { name: value.name, message: value.message, cause: value.cause };
  if (value instanceof ArrayBuffer) return base64(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) return base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  return value;
}

function base64(bytes: Uint8Array): string {
  return `base64:${Buffer.from(bytes).toString("base64")}`;
}
