import { expect, test } from "vitest";
import { oneAtATime } from "./one-at-a-time.ts";

test("oneAtATime runs in order, one after the other, past failures", async () => {
  const inTurn = oneAtATime();
  const log: string[] = [];
  const piece = (name: string) => async () => {
    log.push(`${name} begins`);
    await Promise.resolve();
    log.push(`${name} ends`);
    if (name === "b") throw new Error(name);
    return name;
  };
  const ends = await Promise.allSettled(["a", "b", "c"].map((name) => inTurn(piece(name))));
  expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(ends.map((end) => end.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});
