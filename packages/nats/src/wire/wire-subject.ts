import type { Endpoint } from "@orgtree/core";

/** Stands for what an endpoint without a number belongs to. */
const noPool = "~";

/** What the subjects of packets begin with. */
export function wirePrefix(namespace: string): string {
  return `orgtree.${namespace}.w.`;
}

/**
 * The subject of packets from one endpoint to another: `orgtree.<namespace>.w.<pool>.<number>.<pool>.<number>`, first who is to have them, then
 * who sends them. So a server can be told from where somebody may send, and to which pools; `*` stands for any endpoint, `gpu-*` for any of a pool.
 */
export function wireSubject(namespace: string, { to, from }: { readonly to: Endpoint; readonly from: Endpoint }): string {
  return `${wirePrefix(namespace)}${endpointTokens(to)}.${endpointTokens(from)}`;
}

/** An endpoint as two parts of a subject: `gpu-3` is `gpu.3`. */
export function endpointTokens(endpoint: Endpoint): string {
  if (endpoint === "*") return "*.*";
  const at = endpoint.lastIndexOf("-");
  return at < 0 ? `${noPool}.${endpoint}` : `${endpoint.slice(0, at)}.${endpoint.slice(at + 1)}`;
}

/** The other way round. */
export function endpointOfTokens(tokens: string): Endpoint {
  const at = tokens.lastIndexOf(".");
  const pool = tokens.slice(0, at);
  return pool === noPool ? tokens.slice(at + 1) : `${pool}-${tokens.slice(at + 1)}`;
}
