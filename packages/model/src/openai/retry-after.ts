/**
 * How many milliseconds a server asks us to wait; nothing if it does not say or cannot be understood.
 *
 * Three forms: `retry-after-ms` (OpenAI's own, the finest, so it wins), and `retry-after` in seconds or as an HTTP date
 * (RFC 9110 §10.2.3). A date in the past is 0.
 */
export function retryAfterMs(headers: Headers | undefined, epochMs: number): number | undefined {
  const milliseconds = headers?.get("retry-after-ms");
  if (isNumeric(milliseconds)) return Math.max(0, Number(milliseconds));
  const value = headers?.get("retry-after");
  if (isNumeric(value)) return Math.max(0, Number(value) * 1_000);
  const date = Date.parse(value ?? "");
  return Number.isNaN(date) ? undefined : Math.max(0, date - epochMs);
}

function isNumeric(value: string | null | undefined): value is string {
  return value !== null && value !== undefined && value.trim() !== "" && Number.isFinite(Number(value));
}
