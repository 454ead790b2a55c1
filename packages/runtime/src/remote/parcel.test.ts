import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Parcel, readParcel, writeParcel } from "./parcel.ts";

const failure = { class: "crash", name: "Error", message: "boom" } as const;
const parcels: readonly Parcel[] = [
  { type: "message", to: "/a", from: undefined, message: { n: 1 }, trace: "t", key: undefined, askId: undefined, leftMs: undefined },
  { type: "message", to: "/a", from: "/b", message: 1, trace: "t", key: "3.1", askId: undefined, leftMs: undefined },
  { type: "message", to: "/a", from: "/b", message: null, trace: "t", key: "3.1", askId: 7, leftMs: 500 },
  { type: "answer", askId: 7, to: "/b", answer: { value: [1] }, by: "/a", key: "3.1" },
  { type: "taken", from: "/b", key: "3.1" },
  { type: "watch", target: "/a" },
  { type: "unwatch", target: "/a" },
  { type: "down", target: "/a", incarnation: 3, exit: { kind: "normal", output: 1, state: undefined } },
];

describe("a parcel", () => {
  test.each(parcels)("of type $type comes back as it was", (parcel) => {
    expect(readParcel(writeParcel(parcel))).toEqual(parcel);
  });

  test("with a failure keeps what it says", () => {
    const answer = readParcel(writeParcel({ type: "answer", askId: 7, to: undefined, answer: { failure }, by: "/a", key: undefined }));
    expect(answer).toMatchObject({ answer: { failure } });
    const down = readParcel(writeParcel({ type: "down", target: "/a", incarnation: 1, exit: { kind: "escalated", failure } }));
    expect(down).toMatchObject({ exit: { kind: "escalated", failure } });
  });

  test.each([
    ["no array", "parcel"],
    ["a type that is none", [99]],
    ["a message for no address", [0, "a", undefined, 1, "t"]],
    ["a key that is none", [2, "/a", "3"]],
    ["an answer to nothing", [1, -1, undefined, { value: 1 }, "/a", undefined]],
    ["an exit that is none", [5, "/a", 1, { kind: "gone" }]],
    ["an answer that is none", [1, 1, undefined, 5, "/a", undefined]],
  ])("is refused that is %s", (_, body) => {
    expect(() => readParcel(body)).toThrow(TypeError);
  });

  test("that anybody made up is read or refused as a TypeError", () => {
    fc.assert(
      fc.property(fc.array(fc.anything(), { maxLength: 9 }), fc.nat({ max: 6 }), (fields, type) => {
        try {
          expect(readParcel([type, ...fields])).toHaveProperty("type");
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
