import type { Command } from "../input/command.ts";

/** Shows what is in the bytes of a packet. */
export const packetsDecode: Command = {
  name: "packets decode",
  usage: "FILE [--json]",
  summary: "Prints a packet whose bytes are in a file.",
  operands: { name: "FILE", least: 1, most: 1 },
  details: [
    "FILE has the bytes of one packet, as `nats sub --raw` prints them, or the same in hexadecimal digits or in base64; - is standard input. It prints what orgtree packets watch prints. A part of a parcel that goes on in another packet is named, and not read.",
    "Exit codes: 0 done; 1 it is no packet that this program can read; 2 FILE cannot be read.",
  ],
  options: [{ name: "json", text: "The packet as JSON." }],
  load: async () => (await import("../packets/decode-packet.ts")).decodePacketFile,
};
