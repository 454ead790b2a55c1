import { encodePacket } from "@orgtree/cluster";
import { encode } from "@orgtree/core";
import { writeParcel } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { PacketReader } from "./packet-reader.ts";

const told = (message: unknown) =>
  encode(
    writeParcel({
      type: "message",
      to: "/a",
      from: undefined,
      message,
      trace: "t",
      key: undefined,
      askId: undefined,
      leftMs: undefined,
    }),
  );

function packet(seq: number, parts: readonly Uint8Array[], isPiece = false): Uint8Array {
  return encodePacket({ type: "data", channel: "k", from: "main-0", host: "1-x", heard: 0, seq, isPiece, parts });
}

describe("PacketReader", () => {
  test("puts together what comes in several packets", () => {
    const long = told("x".repeat(300));
    const reader = new PacketReader();
    expect(reader.read(packet(1, [told(1), long.subarray(0, 100)], true)).parcels).toMatchObject([
      { type: "message", message: 1 },
      { type: "piece", bytes: 100 },
    ]);
    expect(reader.read(packet(2, [long.subarray(100, 200)], true)).parcels).toEqual([{ type: "piece", bytes: 100 }]);
    expect(reader.read(packet(3, [long.subarray(200), told(2)])).parcels).toMatchObject([{ message: "x".repeat(300) }, { message: 2 }]);
  });

  test("says of a piece whose beginning it has not seen that it cannot be read", () => {
    const long = told("x".repeat(300));
    const reader = new PacketReader();
    reader.read(packet(1, [long.subarray(0, 100)], true));
    expect(reader.read(packet(3, [long.subarray(200), told(2)])).parcels).toMatchObject([{ type: "unreadable" }, { message: 2 }]);
  });
});
