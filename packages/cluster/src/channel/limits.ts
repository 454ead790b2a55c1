import { SpecError } from "@orgtree/core";

/** How much a channel holds, and how long it waits. Times in milliseconds, sizes in bytes. */
export interface ChannelLimits {
  /** Parcels that wait to be sent; more are refused as `overload`. Default 10,000. */
  readonly queueParcels: number;
  /** Bytes that wait to be sent. Default 16 MiB. */
  readonly queueBytes: number;
  /** Packets that were sent and have not been acknowledged. Default 64. */
  readonly windowPackets: number;
  /** Bytes of them. Default 8 MiB. */
  readonly windowBytes: number;
  /** A packet gathers parcels up to this size. Default 64 KiB. */
  readonly packetBytes: number;
  /** Largest parcel; larger ones than a packet go in pieces. Default 32 MiB. */
  readonly parcelBytes: number;
  /** Until what was not answered is sent again; twice as long each time, up to `lostMs / 4`. Default 200. */
  readonly retryMs: number;
  /** Silence after which a host is asked whether it is there. Default 1,000. */
  readonly pingMs: number;
  /** Silence after which a connection has ended. Default 5,000. */
  readonly lostMs: number;
  /** How long a parcel waits for somebody to be there, before it is `unreachable`. 0: not at all. Default 5,000. */
  readonly graceMs: number;
  /** How long what is kept waits for a process without a successor. Default 60,000. */
  readonly forgetMs: number;
  /** Until what has arrived is acknowledged. Default 2. */
  readonly ackMs: number;
  /** Channels from others that are remembered; the one that was used longest ago is forgotten, which ends it. Default 4,096. */
  readonly channels: number;
}

const defaults: ChannelLimits = {
  queueParcels: 10_000,
  queueBytes: 16_777_216,
  windowPackets: 64,
  windowBytes: 8_388_608,
  packetBytes: 65_536,
  parcelBytes: 33_554_432,
  retryMs: 200,
  pingMs: 1_000,
  lostMs: 5_000,
  graceMs: 5_000,
  forgetMs: 60_000,
  ackMs: 2,
  channels: 4_096,
};

/** The limits with their defaults. Throws `SpecError` for what is no number of at least 1; `graceMs` and `ackMs` may be 0. */
export function limitsOf(limits: Partial<ChannelLimits> = {}): ChannelLimits {
  const all = { ...defaults, ...limits };
  for (const [name, value] of Object.entries(all)) {
    const least = name === "graceMs" || name === "ackMs" ? 0 : 1;
    if (typeof value !== "number" || !(value >= least)) throw new SpecError(name, `a number of at least ${least}, not ${String(value)}`);
  }
  return all;
}
