/** Times and sizes as they are told of what is stored: exact, the same everywhere. */

/** `2026-11-22 13:49:09.606`, in UTC; `never` for what is not to come. */
export function describeTime(epochMs: number): string {
  if (!(Math.abs(epochMs) <= 8.64e15)) return "never";
  return new Date(epochMs).toISOString().replace("T", " ").replace("Z", "");
}

/** `31 B`, `4.2 kB`, `1.5 MB`. */
export function describeBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let [size, at] = [bytes / 1_000, 0];
  for (; size >= 999.95 && at < units.length - 1; at++) size /= 1_000;
  return `${size.toFixed(1)} ${units[at]}`;
}
