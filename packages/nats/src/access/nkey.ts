import { nkeys } from "@nats-io/transport-node";

/** The key of a user: the seed is secret, the public part is what a server knows. */
export interface Nkey {
  readonly seed: string;
  readonly publicKey: string;
}

/** A new key of a user. */
export function newNkey(): Nkey {
  return nkeyOf(new TextDecoder().decode(nkeys.createUser().getSeed()));
}

/** The key with a seed. Throws where it is none; the message does not have it in it. */
export function nkeyOf(seed: string): Nkey {
  return { seed, publicKey: nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey() };
}
