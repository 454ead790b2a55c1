import { hash, timingSafeEqual } from "node:crypto";

/** Who may come in. */
export interface Token {
  /** For logs and limits. */
  readonly name: string;
  /** What its ids begin with; empty for an operator, who sees all jobs. */
  readonly ids: string;
  /** Of the secret, which is not kept. */
  readonly digest: Buffer;
}

const leastSecret = 16;
const remedy = "write name:secret, or name:secret:prefix for a tenant whose ids begin with the prefix";

/**
 * Reads tokens: `name:secret`, or `name:secret:prefix`, with blanks, commas or line ends between them; what follows a `#` is a comment. What
 * is wrong is added to `problems`; a secret is never in it.
 */
export function parseTokens(texts: readonly { readonly where: string; readonly text: string }[], problems: string[]): readonly Token[] {
  const tokens: Token[] = [];
  const before = problems.length;
  for (const { where, text } of texts) {
    const words = text.replaceAll(/(^|\s)#.*$/gm, " ").split(/[\s,]+/);
    for (const [at, word] of words.filter((each) => each !== "").entries()) {
      const problem = readToken(word, tokens);
      if (problem !== undefined) problems.push(`${where}, token ${at + 1}: ${problem}`);
    }
  }
  if (tokens.length === 0 && problems.length === before) {
    problems.push(
      `there is no token, and nobody could come in: set ORGTREE_TOKENS or ORGTREE_TOKENS_FILE; ${remedy} (openssl rand -hex 32 makes a secret)`,
    );
  }
  return tokens;
}

function readToken(word: string, tokens: Token[]): string | undefined {
  const [name = "", secret, ids = "", ...more] = word.split(":");
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) return `its name is no name: 1 to 64 letters, digits, _ and -; ${remedy}`;
  // It may be a secret without a name.
  if (secret === undefined) return `it has no name: ${remedy}`;
  if (more.length > 0) return `${name} has not the right parts: ${remedy}`;
  // https://www.rfc-editor.org/rfc/rfc6750#section-2.1
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(secret) || secret.length < leastSecret)
    return `the secret of ${name} is too short, or cannot be sent: at least ${leastSecret} letters, digits and . _ ~ + / - (openssl rand -hex 32 makes one)`;
  if (ids !== "" && !/^[A-Za-z0-9_-]{0,31}[_-]$/.test(ids))
    return `the prefix of ${name} is no prefix: at most 32 letters, digits, _ and -, with _ or - at its end`;
  const digest = digestOf(secret);
  const same = tokens.find((token) => token.name === name || token.digest.equals(digest));
  if (same !== undefined) return `${name} and ${same.name} have the same name or secret: give each its own`;
  tokens.push({ name, ids, digest });
  return undefined;
}

/** Whose secret it is. All are compared, and each in the same time, whatever is presented. */
export function findToken(tokens: readonly Token[], secret: string): Token | undefined {
  const digest = digestOf(secret);
  let found: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) found = token;
  return found;
}

/** Whether a token reaches a job. */
export function mayReach({ ids }: Token, id: string): boolean {
  return id.startsWith(ids);
}

/** Whether a token reaches everything. */
export function isOperator({ ids }: Token): boolean {
  return ids === "";
}

function digestOf(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}
