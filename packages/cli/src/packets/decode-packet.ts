import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { packetText } from "./watch-packets.ts";

/** Carries out `orgtree packets decode`. */
export async function decodePacketFile(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { PacketReader } = await import("@orgtree/node");
  const bytes = bytesIn(readBytes(input.operands[0]!, surroundings));
  const packet = new PacketReader().read(bytes);
  surroundings.stdout.write(packetText({ route: undefined, bytes: bytes.byteLength, ...packet }, input, surroundings));
  return packet.type === "unreadable" ? exitCode.failed : exitCode.done;
}

function readBytes(file: string, { cwd }: Pick<Surroundings, "cwd">): Uint8Array {
  try {
    return readFileSync(file === "-" ? 0 : resolve(cwd, file));
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read: ${(error as Error).message}`,
      "name a file with the bytes of a packet, or - for standard input",
    );
  }
}

/** Bytes as they are, or as a text of hexadecimal digits or in base64, as other programs print them. */
function bytesIn(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1").replaceAll(/\s/g, "");
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, "hex");
  // A packet begins with zeros: it is no text.
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0 ? Buffer.from(text, "base64") : bytes;
}
