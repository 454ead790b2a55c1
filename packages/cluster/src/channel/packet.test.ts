import { encode } from "@orgtree/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePacket, encodePacket, type Packet } from "./packet.ts";

const packets: readonly Packet[] = [
  { type: "open", channel: "c1", from: "main-0" },
  { type: "opened", channel: "c1", host: "7-abc" },
  {
    type: "data",
    channel: "c1",
    from: "a",
    host: "7-abc",
    heard: 3,
    seq: 4,
    isPiece: false,
    parts: [Uint8Array.of(1, 2), Uint8Array.of()],
  },
  { type: "acks", channel: "c1", host: "7-abc", upTo: 9, isGap: true, refused: [] },
  {
    type: "acks",
    channel: "c1",
    host: "7-abc",
    upTo: 9,
    isGap: false,
    refused: [
      { seq: 9, index: 0, refusal: { reason: "mailbox-full", problem: "no room", detail: { capacity: 3 } } },
      { seq: 9, index: 2, refusal: { reason: "malformed", problem: "?" } },
    ],
  },
  { type: "ping", channel: "c1", from: "a", host: "7-abc", heard: 0 },
  { type: "reset", channel: "c1", host: "7-abc", problem: "nobody knows it" },
  { type: "close", channel: "c1" },
];

/** A head and what is behind it, as a packet has them. */
function framed(head: readonly unknown[], tail: readonly number[] = []): Uint8Array {
  const bytes = encode(head);
  return Uint8Array.of(0, 0, 0, bytes.length, ...bytes, ...tail);
}

describe("a packet", () => {
  test.each(packets)("of type $type comes back as it was", (packet) => {
    expect(decodePacket(encodePacket(packet))).toEqual(packet);
  });

  test("of another version is not read, but an open one can be answered", () => {
    expect(decodePacket(framed([2, 0, "c1", "main-0", "whatever"]))).toEqual({
      type: "unreadable",
      problem: "it is of version 2, and this program speaks version 1",
      open: { channel: "c1", from: "main-0" },
    });
    expect(decodePacket(framed([2, 2, "c1", "main-0"]))).toMatchObject({ type: "unreadable", open: undefined });
  });

  test.each([
    ["no value", Uint8Array.of(0xc1)],
    ["nothing", new Uint8Array()],
    ["no array", framed("packet" as never)],
    ["no channel", framed([1, 0, "", "a"])],
    ["a type that is none", framed([1, 99, "c", "a"])],
    ["data without a part", framed([1, 2, "c", "a", "h", 0, 1, false])],
    ["a negative number", framed([1, 2, "c", "a", "h", 0, -1, false, 1], [1])],
    ["shorter than its parts", framed([1, 2, "c", "a", "h", 0, 1, false, 2], [1])],
    ["longer than its parts", framed([1, 2, "c", "a", "h", 0, 1, false, 1], [1, 2])],
    ["a part without a length", framed([1, 2, "c", "a", "h", 0, 1, false, "x"], [1])],
    ["a head of more bytes than there are", Uint8Array.of(255, 255, 255, 255, 1)],
    ["an endpoint that is too long", framed([1, 0, "c", "a".repeat(65)])],
    ["a refusal that is none", framed([1, 3, "c", "h", 1, false, [1, 2, 3, 4]])],
  ])("is refused that is %s", (_, bytes) => {
    expect(decodePacket(bytes).type).toBe("unreadable");
  });

  test("that anybody made up is read or refused, and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodePacket(bytes)).toHaveProperty("type");
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...packets), fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 20 })), (packet, [at, byte, cut]) => {
        const bytes = encodePacket(packet).slice();
        bytes[at % bytes.length] = byte;
        expect(decodePacket(bytes.subarray(0, bytes.length - cut))).toHaveProperty("type");
      }),
      { numRuns: 3_000 },
    );
  });
});
