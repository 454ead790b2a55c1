import type { Budget } from "orgtree";

/** Quantities as people read them, the same in every locale. */

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 03 min`. */
export function describeDuration(durationMs: number): string {
  const seconds = Math.max(0, durationMs) / 1_000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min${twoDigits(whole % 60, "s")}`;
  return `${Math.floor(whole / 3_600)} h${twoDigits(Math.floor((whole % 3_600) / 60), "min")}`;
}

/** `62.0 s`: for columns of times, where one unit is read faster than many. */
export function describeSeconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}

/** `12,331`. */
export function describeCount(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 restart`, `2 restarts`, `2 entries`. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${describeCount(count)} ${count === 1 ? noun : plural}`;
}

/** `$0.0041`, `$1.20`: four digits after the point below a dollar, since model calls are cheap. */
export function describeUsd(usd: number): string {
  return `$${usd.toFixed(usd < 1 && usd > 0 ? 4 : 2)}`;
}

/** `1,000,000 tokens, $5.00, 30 min`; empty when nothing is limited. */
export function describeBudget({ turns, tokens, usd, wallMs }: Budget): string {
  const parts = [
    turns === undefined ? "" : countOf(turns, "turn"),
    tokens === undefined ? "" : countOf(tokens, "token"),
    usd === undefined ? "" : describeUsd(usd),
    wallMs === undefined ? "" : describeDuration(wallMs),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function twoDigits(value: number, unit: string): string {
  return value === 0 ? "" : ` ${String(value).padStart(2, "0")} ${unit}`;
}
