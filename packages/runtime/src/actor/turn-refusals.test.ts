import { describe, expect, test } from "vitest";
import { createActorSystem } from "../actor-system.ts";
import { createStoringSystem } from "./commits.fixture.ts";
import { plain } from "./plain.ts";
import { VirtualClock } from "../time/virtual-clock.ts";

type Order = (turn: Parameters<Parameters<typeof plain<number, unknown>>[0]["receive"]>[2]) => void;

/** An actor that does what it is told. */
const puppet = plain<number, Order>({
  init: () => 0,
  receive(count, order, turn) {
    order(turn);
    return count + 1;
  },
});

describe("a turn", () => {
  test("that answers with a promise fails: the asker is told at once, and no rejection escapes", async () => {
    await using system = createActorSystem({ clock: new VirtualClock() });
    const address = await system.start({ id: "a", logic: puppet });
    const order: Order = (turn) => turn.reply(Promise.reject(new Error("late")));
    await expect(system.ask(address, order)).rejects.toMatchObject({ name: "AskFailedError", outcome: "not-done" });
  });

  test("does not reach by a group whom its charter does not let it reach", async () => {
    await using system = createActorSystem({ clock: new VirtualClock() });
    const failures: string[] = [];
    system.observe((event) => {
      if (event.type === "actor-failed") failures.push(event.failure.class);
    });
    const heard: unknown[] = [];
    const ear = plain<number, unknown>({
      init(_input, turn) {
        turn.join("everybody");
        return 0;
      },
      receive: (count, message) => (heard.push(message), count),
    });
    await system.start({ id: "ear", logic: ear });
    const address = await system.start({ id: "a", logic: puppet, recipients: [] });
    system.tell(address, ((turn) => turn.publish("everybody", "psst")) satisfies Order);
    await new Promise((resolve) => setImmediate(resolve));
    expect(failures).toEqual(["role-violation"]);
    expect(heard).toEqual([]);
  });

  test("whose record cannot be made fails, and the process lives", async () => {
    await using system = createStoringSystem({ clock: new VirtualClock() }, { store: () => Promise.resolve() });
    const failures: string[] = [];
    system.observe((event) => {
      if (event.type === "actor-failed") failures.push(event.failure.message);
    });
    const address = await system.start({ id: "a", logic: puppet });
    await system.start({ id: "b", logic: plain<number, unknown>({ init: () => 0, receive: (count) => count + 1 }) });
    const nasty = {
      get type(): string {
        throw new Error("no type for you");
      },
    };
    system.tell(address, ((turn) => turn.tell("/b", nasty)) satisfies Order);
    for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
    expect(failures).toEqual(["no type for you"]);
  });
});
