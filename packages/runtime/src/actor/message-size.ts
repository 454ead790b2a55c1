/**
 * True when a message holds a text or a byte array longer than `limit`, at its top or one level down.
 *
 * Within a process messages are not encoded, so their size is not known; this catches the file that somebody sends in one
 * piece at the cost of a glance. A transport that encodes measures the whole.
 */
export function isOversized(message: unknown, limit: number): boolean {
  if (isLong(message, limit)) return true;
  if (typeof message !== "object" || message === null || ArrayBuffer.isView(message)) return false;
  for (const key in message) if (isLong((message as Record<string, unknown>)[key], limit)) return true;
  return false;
}

function isLong(value: unknown, limit: number): boolean {
  if (typeof value === "string") return value.length > limit;
  return ArrayBuffer.isView(value) && value.byteLength > limit;
}
