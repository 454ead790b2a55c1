import { expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { plain } from "./plain.ts";

test("What is delivered without a journal waits while its recipient has no room", async () => {
  const got: unknown[] = [];
  const desk = plain<null, unknown>({ init: () => null, receive: (state, message) => (got.push(message), state) });
  const sender = plain<readonly unknown[], "go">({
    init: () => [],
    receive(heard, _message, turn) {
      for (let n = 1; n <= 6; n++) turn.deliver("/desk", n);
      return heard;
    },
    signal: (heard, signal) => [...heard, got.push(signal)],
  });
  await using world = startWorld();
  await world.start(desk, { id: "desk", mailbox: 2 });
  await world.start(sender, { id: "sender" });
  await world.tell("go", "/sender");
  expect(got).toEqual([1, 2, 3, 4, 5, 6]);
  expect(world.letters()).toEqual([]);
});
