/** Whether a version of Node, as `22.4.0`, is at least another one, as `22.18`. Imports nothing: an old Node has to be able to run it. */
export function isAtLeast(version: string, least: string): boolean {
  const has = version.split(".").map(Number);
  const needs = least.split(".").map(Number);
  const at = needs.findIndex((part, place) => part !== (has[place] ?? 0));
  return at === -1 || (has[at] ?? 0) > needs[at]!;
}
