import type { ModelRequest } from "@orgtree/core";

/**
 * Which of the known roles a request comes from; nothing if it names none.
 *
 * The key of an effect, `run/address#seq.n`, says who asks: of the ids in the address the last one that is a role, with or
 * without its number (`writer-2` is a `writer`). A request without a key is read: the first role that its system message
 * names as a word.
 */
export function roleOfRequest(request: ModelRequest, roles: ReadonlySet<string>): string | undefined {
  if (request.key !== undefined) return idsIn(request.key).reverse().map(toRole).find(isKnown);
  const system = request.messages.find((message) => message.role === "system");
  return system?.content.split(notInWord).map(toRole).find(isKnown);

  function toRole(word: string): string {
    const withoutNumber = word.replace(/-\d+$/, "");
    return [word, word.toLowerCase(), withoutNumber, withoutNumber.toLowerCase()].find((form) => roles.has(form)) ?? word;
  }

  function isKnown(role: string): boolean {
    return roles.has(role);
  }
}

const notInWord = /[^\p{L}\p{N}_-]+/u;

function idsIn(key: string): string[] {
  return (key.split("#")[0] ?? "").split("/").filter((id) => id !== "");
}
