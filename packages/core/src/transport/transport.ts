import type { Address } from "../address.ts";
import type { Endpoint } from "./wire.ts";

/**
 * The port of a transport: parcels between systems of actors, in other processes or in this one.
 *
 * Between two systems parcels arrive in the order in which they were sent, each once at most, and none behind one that is missing,
 * for as long as both live and can reach each other; when that ends the sender is told of each parcel what is known of it. This is
 * what Erlang's distribution promises of signals between nodes, with an answer for each.
 */
export interface Transport {
  /** Where this system is reached. */
  readonly endpoint: Endpoint;
  /** Who hosts an address. */
  endpointOf(address: Address): Endpoint;
  /** Who is reached there outlives his process: another one goes on with his actors. Others are gone with it. */
  outlives(endpoint: Endpoint): boolean;
  /** Sends plain data. What cannot be sent as it is ends as `refused`. */
  send(to: Endpoint, body: unknown, options: SendOptions): void;
  /** Begins to take what arrives. Nothing is lost before; it waits with whoever sent it. */
  start(receiver: TransportReceiver): Promise<void>;
  /** Hears nothing any more: what is sent here waits with whoever sends it for who comes after. What was sent from here is still to arrive. */
  stopTaking(): void;
  /** Takes nothing any more; what is on its way ends. A second call waits for the first. */
  close(): Promise<void>;
}

/** How a parcel is sent. */
export interface SendOptions {
  /**
   * The sender keeps it, and sends it again when it hears `renewed`: so it is dropped without a word where a connection ends, and is
   * never refused for want of room. Default false.
   */
  readonly isKept?: boolean;
  /** Hears once what became of it; of one that is kept only `taken` and `refused`. */
  readonly ended?: (outcome: SendOutcome) => void;
}

/**
 * What became of a parcel. `taken`: it has arrived. `refused`: it has arrived and was not wanted, or could not be sent; it did nothing.
 * `unreachable`: nobody was there to take it; it did nothing. `unknown`: the connection ended, and nobody can tell.
 */
export type SendOutcome =
  | { readonly type: "taken" }
  | { readonly type: "refused"; readonly refusal: SendRefusal }
  | { readonly type: "unreachable"; readonly problem: string }
  | { readonly type: "unknown"; readonly problem: string };

/**
 * Why a parcel was not wanted: a word for programs, a text for people, and what else the recipient says. `forbidden`: it was not the
 * recipient who refused it, but whoever carries it, since this process may not send there.
 */
export interface SendRefusal {
  readonly reason: string;
  readonly problem: string;
  readonly detail?: unknown;
}

/** Who takes what arrives. */
export interface TransportReceiver {
  /** Takes the body of a parcel; gives back why it is not wanted. What it throws refuses the parcel as `malformed`. */
  receive(body: unknown, from: Endpoint): SendRefusal | undefined;
  /** A connection that had ended is there again, to the same system or to its successor: what is kept for it is to be sent again now. */
  renewed(endpoint: Endpoint): void;
  /** A connection has ended. */
  lost(endpoint: Endpoint, problem: string): void;
}
