import type { Endpoint } from "@orgtree/core";
import type { NatsLink } from "../connection/nats-link.ts";
import { checkSubscribed } from "../connection/violation.ts";
import { endpointOfTokens, endpointTokens, wirePrefix } from "./wire-subject.ts";

/** A packet on its way. */
export interface PassingPacket {
  readonly to: Endpoint;
  readonly from: Endpoint;
  readonly bytes: Uint8Array;
}

/**
 * Hears the packets for an endpoint, or for all (`*`), beside whom they are for, until the function that it gives back is called. As long as it listens the
 * server does not say there that nobody does. Rejects with `NatsError` where this user may not listen there.
 */
export async function tapWire(
  link: NatsLink,
  { namespace, at }: { readonly namespace: string; readonly at: Endpoint },
  listener: (packet: PassingPacket) => void,
): Promise<() => void> {
  const { connection } = link;
  const prefix = wirePrefix(namespace);
  let problem: unknown;
  const subscription = connection.subscribe(`${prefix}${endpointTokens(at)}.*.*`, {
    callback: (error, { subject, data }) => {
      problem ??= error;
      if (error !== null) return;
      const tokens = subject.slice(prefix.length).split(".");
      const [to, from] = [endpointOfTokens(tokens.slice(0, 2).join(".")), endpointOfTokens(tokens.slice(2).join("."))];
      listener({ to, from, bytes: data });
    },
  });
  await connection.flush().catch(() => {});
  checkSubscribed(problem);
  return () => {
    if (!connection.isClosed()) subscription.unsubscribe();
  };
}
