/** The oldest server that is used: from it on many messages are read with one request. Older ones ignore settings they do not know. */
export const oldestServer = "2.11.0";

/** The version in what `nats-server --version` prints, or in a server's own words; undefined when there is none. */
export function parseVersion(text: string): string | undefined {
  return /\bv?(\d+\.\d+\.\d+)/.exec(text)?.[1];
}

/** True when `version` is `least` or newer. A pre-release counts as the version before which it comes. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => (parseVersion(text) ?? "0.0.0").split(".").map(Number));
  for (const [index, number] of want!.entries()) if (have![index] !== number) return have![index]! > number;
  return true;
}
