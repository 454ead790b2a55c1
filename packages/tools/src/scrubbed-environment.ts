/** Where system programs are, for a parent that has no PATH of its own. */
const fallbackPath = "/usr/local/bin:/usr/bin:/bin";

/**
 * The environment a command starts with: the parent's PATH, a HOME and TMPDIR of its own, a fixed LANG, and what `named` adds or
 * replaces. Nothing else is inherited, so a key in the parent's environment is not handed on.
 */
export function scrubbedEnvironment(
  parent: Readonly<Record<string, string | undefined>>,
  home: string,
  named: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { PATH: parent["PATH"] ?? fallbackPath, HOME: home, LANG: "C.UTF-8", TMPDIR: home, ...named };
}
