/** Delivered messages and questions that are put aside, or wait for room, while later ones of the same sender are taken. */
import { machine, plain, reply, supervisor, type Logic } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

type Message = { readonly type: "LATE" | "NOW"; readonly n: number } | { readonly type: "OPEN" | "GET" | "CLOSE" | "END" };

interface State {
  readonly got: readonly number[];
  readonly isOpen: boolean;
}

/** Puts what is late aside until it is opened. */
const desk = plain<State, Message>({
  init: () => ({ got: [], isOpen: false }),
  receive(state, message, turn) {
    if (message.type === "GET") turn.reply(state.got);
    if (message.type === "OPEN") {
      turn.unstash();
      return { ...state, isOpen: true };
    }
    if (!("n" in message)) return state;
    if (message.type === "LATE" && !state.isOpen) {
      turn.postpone();
      return state;
    }
    turn.reply(`answer ${message.n}`);
    return { ...state, got: [...state.got, message.n] };
  },
});

const take = { actions: ["note" as const, "answer" as const] };
const deskMachine = machine(
  setup({
    types: {} as { context: { got: readonly number[] }; events: Message },
    actions: {
      note: assign({ got: ({ context, event }) => ("n" in event ? [...context.got, event.n] : context.got) }),
      answer: reply(({ event }) => ("n" in event ? `answer ${event.n}` : undefined)),
      tell: reply(({ context }) => context.got),
    },
  }).createMachine({
    context: { got: [] },
    initial: "closed",
    on: { GET: { actions: "tell" }, NOW: take, END: ".over" },
    states: {
      closed: { meta: { postpone: ["LATE"] }, on: { OPEN: "open" } },
      open: { on: { LATE: take } },
      over: { type: "final" },
    },
  }),
);

interface Errand {
  readonly as: "deliver" | "ask";
  readonly message: Message;
}

/** Delivers or asks what it is told to, and keeps the answers. */
const sender = plain<readonly unknown[], readonly Errand[] | "heard">({
  init: () => [],
  receive(heard, errands, turn) {
    if (errands === "heard") turn.reply(heard);
    else
      for (const { as, message } of errands)
        if (as === "deliver") turn.deliver("/org/desk", message);
        else turn.ask("/org/desk", message, { tag: "q" });
    return heard;
  },
  signal: (heard, signal) => [...heard, signal.type === "orgtree.reply" ? signal.value : signal.type],
});

const orgOf = (logic: Logic, mailbox?: number): Parameters<World["start"]>[0] => ({
  id: "org",
  logic: supervisor({
    children: [
      { id: "desk", logic, ...(mailbox === undefined ? {} : { mailbox }) },
      { id: "sender", logic: sender },
    ],
  }),
});

const late = (n: number): Message => ({ type: "LATE", n });
const now = (n: number): Message => ({ type: "NOW", n });

describe.each([
  { kind: "a plain actor", logic: desk },
  { kind: "a machine", logic: deskMachine as unknown as Logic },
])("what $kind puts aside", ({ logic }) => {
  async function send(...errands: readonly Errand[]): Promise<World> {
    const world = new World();
    await world.start(orgOf(logic));
    for (const errand of errands) await world.tell("/org/sender", [errand]);
    return world;
  }

  async function crash(world: World): Promise<void> {
    await world.crash();
    await world.start(orgOf(logic));
  }

  test.each(["deliver", "ask"] as const)(
    "is taken when it comes back, though a later one of its sender was taken before (%s)",
    async (as) => {
      const world = await send({ as, message: late(1) }, { as, message: now(2) }, { as, message: late(3) }, { as, message: now(4) });
      await world.tell("/org/desk", { type: "OPEN" });
      expect(await world.ask("/org/desk", { type: "GET" })).toEqual([2, 4, 1, 3]);
      const answers = ["answer 2", "answer 4", "answer 1", "answer 3"];
      expect(await world.ask("/org/sender", "heard")).toEqual(as === "ask" ? answers : []);
      expect(world.system.deadLetters.counts()).toEqual({});
    },
  );

  test("costs a turn when it is taken, and none when it is put aside, also after a crash", async () => {
    const budgeted = { id: "org", logic: supervisor({ children: [{ id: "desk", logic, budget: { turns: 4 } }] }) };
    const world = new World();
    await world.start(budgeted);
    for (const message of [late(1), late(2), { type: "OPEN" } as const]) await world.tell("/org/desk", message);
    await world.crash();
    await world.start(budgeted);
    expect(await world.ask("/org/desk", { type: "GET" })).toEqual([1, 2]);
  });

  test.each(["deliver", "ask"] as const)("is taken once after crashes of its process as well (%s)", async (as) => {
    const world = await send({ as, message: late(1) }, { as, message: now(2) });
    await crash(world);
    await world.tell("/org/sender", [{ as, message: now(3) }]);
    await crash(world);
    await world.tell("/org/desk", { type: "OPEN" });
    await crash(world);
    expect(new Set((await world.ask("/org/desk", { type: "GET" })) as number[])).toEqual(new Set([1, 2, 3]));
  });
});

describe("what waits for room", () => {
  test("is not overtaken by a question of its sender, and nothing of it is lost", async () => {
    const world = new World();
    await world.start(orgOf(desk, 2));
    const errands = [1, 2, 3, 4, 5, 6].map((n): Errand => ({ as: "deliver", message: now(n) }));
    await world.tell("/org/sender", [...errands, { as: "ask", message: now(7) }, { as: "deliver", message: now(8) }]);
    expect(await world.ask("/org/desk", { type: "GET" })).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await world.ask("/org/sender", "heard")).toEqual(["answer 7"]);
  });

  test("leaves the mailbox full for everybody outside", async () => {
    const world = new World();
    await world.start(orgOf(desk, 2));
    world.file.freeze("/org/desk");
    await world.tell(
      "/org/sender",
      [1, 2, 3, 4, 5, 6].map((n): Errand => ({ as: "deliver", message: now(n) })),
    );
    expect(() => world.system.tell("/org/desk", now(9))).toThrow(expect.objectContaining({ name: "MailboxFullError" }) as Error);
  });
});
