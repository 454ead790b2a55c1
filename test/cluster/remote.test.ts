/** Actors in two systems: what they send each other, and what becomes of it when one of them is gone. */
import type { Address, SystemEvent } from "@orgtree/core";
import { lastMoment, plain, type Logic } from "@orgtree/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { type Node, Nodes } from "./nodes.ts";

let nodes: Nodes;
beforeEach(() => {
  nodes = new Nodes();
});

interface Order {
  readonly do?: "tell" | "deliver" | "ask" | "watch" | "fail" | "hold" | "release" | "get" | "refuse";
  readonly to?: Address;
  readonly message?: unknown;
}

interface ClerkState {
  readonly got: readonly unknown[];
  readonly heard: readonly string[];
  readonly held?: Parameters<Parameters<typeof plain>[0]["receive"]>[2]["replyTo"] | undefined;
}

/** Does what it is told to, and remembers what it got and what it heard. */
function clerk(): Logic {
  return plain<ClerkState, Order | number>({
    init: () => ({ got: [], heard: [] }),
    receive(state, order, turn) {
      if (typeof order === "number") return { ...state, got: [...state.got, order] };
      const { to, message } = order;
      if (order.do === "tell") turn.tell(to!, message);
      else if (order.do === "deliver") turn.deliver(to!, message);
      else if (order.do === "ask") turn.ask(to!, message, { tag: "asked", timeoutMs: 60_000 });
      else if (order.do === "watch") turn.watch(to!);
      else if (order.do === "fail") throw new Error("told to fail");
      else if (order.do === "refuse") turn.refuse(new RangeError("not today"));
      else if (order.do === "hold") return { ...state, held: turn.replyTo };
      else if (order.do === "release") {
        if (state.held !== undefined) turn.reply("released", state.held);
        return { ...state, held: undefined };
      } else if (order.do === "get") turn.reply({ got: state.got, heard: state.heard });
      return state;
    },
    signal(state, signal) {
      const said =
        signal.type === "orgtree.reply"
          ? `reply ${JSON.stringify(signal.value)}`
          : signal.type === "orgtree.ask-failed"
            ? `failed ${signal.error.name} ${signal.error.message}`
            : signal.type === "orgtree.down"
              ? `down ${signal.address} ${signal.exit.kind === "failure" ? signal.exit.failure.class : signal.exit.kind}`
              : signal.type === "orgtree.refused"
                ? `refused ${signal.error.name}`
                : signal.type;
      return { ...state, heard: [...state.heard, said] };
    },
  });
}

const spec = (id: string, more: object = {}) => ({ id, logic: clerk(), restart: "temporary", ...more }) as const;
const get = async (node: Node, address: Address) =>
  (await nodes.ask(node, address, { do: "get" })) as { got: readonly number[]; heard: readonly string[] };
const letters = (events: readonly SystemEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === "dead-letter" ? [event.letter.reason] : []));

async function tell(node: Node, to: Address, message: unknown): Promise<void> {
  node.system.tell(to, message);
  await nodes.clock.advance(300);
}

describe("actors of two systems", () => {
  test("tell each other, in order, and answer", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    const b = await nodes.begin("b", [spec("b-clerk")]);
    for (const message of [1, 2, 3]) await tell(a, "/a-clerk", { do: "tell", to: "/b-clerk", message });
    await tell(b, "/b-clerk", { do: "ask", to: "/a-clerk", message: { do: "get" } });
    expect(await get(b, "/b-clerk")).toEqual({ got: [1, 2, 3], heard: ['reply {"got":[],"heard":[]}'] });
    // From outside, through either system.
    expect(await nodes.ask(a, "/b-clerk", { do: "get" })).toMatchObject({ got: [1, 2, 3] });
    await tell(b, "/a-clerk", 7);
    expect((await get(b, "/a-clerk")).got).toEqual([7]);
    expect([letters(a.events), letters(b.events), a.system.open.asks, b.system.open.asks]).toEqual([[], [], 0, 0]);
  });

  test("answer in a later turn, and refuse with an error that keeps its name", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    await nodes.begin("b", [spec("b-clerk")]);
    await tell(a, "/a-clerk", { do: "ask", to: "/b-clerk", message: { do: "hold" } });
    expect((await get(a, "/a-clerk")).heard).toEqual([]);
    await tell(a, "/b-clerk", { do: "release" });
    expect((await get(a, "/a-clerk")).heard).toEqual(['reply "released"']);
    await expect(nodes.ask(a, "/b-clerk", { do: "refuse" })).rejects.toMatchObject({ name: "RangeError", message: "not today" });
  });

  test("are told of a recipient that is not there, and of a full mailbox, as in one system", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    const b = await nodes.begin("b", [spec("b-clerk", { mailbox: 2 })]);
    await expect(nodes.ask(a, "/b-nobody", 1)).rejects.toMatchObject({ name: "UnknownRecipientError" });
    await tell(a, "/a-clerk", { do: "tell", to: "/b-nobody", message: 1 });
    expect(letters(a.events)).toEqual(["no-recipient", "no-recipient"]);
    await tell(a, "/a-clerk", { do: "ask", to: "/b-nobody", message: 1 });
    expect((await get(a, "/a-clerk")).heard).toEqual([expect.stringContaining("failed UnknownRecipientError")]);
    for (let n = 0; n < 6; n++) a.system.tell("/a-clerk", { do: "tell", to: "/b-clerk", message: n });
    await nodes.clock.advance(300);
    const refused = (await get(a, "/a-clerk")).heard.filter((said) => said === "refused MailboxFullError");
    expect(refused.length + (await get(b, "/b-clerk")).got.length).toBe(6);
  });

  test("may not send what belongs to the runtime", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    await nodes.begin("b", [spec("b-clerk")]);
    a.transport.send("b", [0, "/b-clerk", undefined, { type: "orgtree.timer", name: "x" }, "t"], {
      ended: (outcome) => expect(outcome).toMatchObject({ type: "refused", refusal: { reason: "forged" } }),
    });
    a.transport.send("b", ["nonsense"], { ended: (outcome) => expect(outcome).toMatchObject({ refusal: { reason: "malformed" } }) });
    await nodes.clock.advance(300);
    expect.assertions(2);
  });

  test("hear from nobody but its taker that something was taken", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    const evil = await nodes.begin("c");
    await tell(a, "/a-clerk", { do: "deliver", to: "/b-clerk", message: 5 });
    const outcomes: unknown[] = [];
    for (let seq = 0; seq < 4; seq++) evil.transport.send("a", [2, "/a-clerk", `${seq}.0`], { ended: (outcome) => outcomes.push(outcome) });
    await nodes.clock.advance(300);
    expect(outcomes).toContainEqual({ type: "refused", refusal: { reason: "forged", problem: "/b-clerk is not hosted at c" } });
    const b = await nodes.begin("b", [spec("b-clerk")]);
    await nodes.clock.advance(6_000);
    expect((await get(b, "/b-clerk")).got).toEqual([5]);
  });

  test("hear of each other's end", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    await nodes.begin("b", [spec("b-clerk")]);
    await tell(a, "/a-clerk", { do: "watch", to: "/b-clerk" });
    await tell(a, "/a-clerk", { do: "watch", to: "/b-nobody" });
    const exit = a.system.watch("/b-clerk");
    await tell(a, "/b-clerk", { do: "fail" });
    expect((await get(a, "/a-clerk")).heard).toEqual(["down /b-nobody crash", "down /b-clerk crash"]);
    expect(await exit).toMatchObject({ kind: "failure", failure: { message: "told to fail" } });
  });
});

describe("a system that may not send to another", () => {
  const failures = (events: readonly SystemEvent[]): readonly string[] =>
    events.flatMap((event) =>
      event.type === "actor-failed" || event.type === "escalated-to-root" ? [`${event.type} ${event.address} ${event.failure.class}`] : [],
    );

  test.each(["tell", "deliver", "ask"] as const)("fails who sends there by %s as role-violation, at its supervisor", async (how) => {
    const a = await nodes.begin("a", [spec("a-clerk", { restart: "permanent" })]);
    const b = await nodes.begin("b", [spec("b-clerk")]);
    a.wire.forbidden.add("b");
    await tell(a, "/a-clerk", { do: how, to: "/b-clerk", message: 1 });
    expect(failures(a.events)).toEqual(["actor-failed /a-clerk role-violation"]);
    expect(letters(a.events)).toEqual(["forbidden"]);
    expect(a.transport.counts.forbidden).toBe(1);
    // It is another life now, which owes nothing.
    expect(await get(a, "/a-clerk")).toEqual({ got: [], heard: [] });
    a.wire.forbidden.clear();
    await nodes.clock.advance(10_000);
    expect((await get(b, "/b-clerk")).got).toEqual([]);
    await tell(a, "/a-clerk", { do: "deliver", to: "/b-clerk", message: 2 });
    expect((await get(b, "/b-clerk")).got).toEqual([2]);
  });

  test("tells who asks from outside at once, and the root what nobody has sent", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    await nodes.begin("b", [spec("b-clerk")]);
    a.wire.forbidden.add("b");
    const asked = a.system.ask("/b-clerk", { do: "get" }, { timeoutMs: 30_000 });
    asked.catch(() => {});
    await nodes.clock.settle();
    await expect(asked).rejects.toMatchObject({ name: "RoleViolationError", failureClass: "role-violation" });
    expect(failures(a.events)).toEqual([]);
    await tell(a, "/b-clerk", 1);
    expect(failures(a.events)).toEqual(["escalated-to-root / role-violation"]);
    // What the runtime itself has to say there is nobody's fault.
    await tell(a, "/a-clerk", { do: "watch", to: "/b-clerk" });
    expect(failures(a.events)).toEqual(Array(2).fill("escalated-to-root / role-violation"));
    expect(letters(a.events)).toEqual(["forbidden", "forbidden"]);
  });

  test("hears of it also over a connection that was open", async () => {
    const a = await nodes.begin("a", [spec("a-clerk", { restart: "permanent" })]);
    const b = await nodes.begin("b", [spec("b-clerk")]);
    await tell(a, "/a-clerk", { do: "tell", to: "/b-clerk", message: 1 });
    a.wire.forbidden.add("b");
    await tell(a, "/a-clerk", { do: "ask", to: "/b-clerk", message: { do: "get" } });
    await tell(a, "/a-clerk", { do: "tell", to: "/b-clerk", message: 2 });
    expect(failures(a.events).slice(0, 2)).toEqual(Array(2).fill("actor-failed /a-clerk role-violation"));
    expect((await get(b, "/b-clerk")).got).toEqual([1]);
  });
});

describe("a system whose process is gone", () => {
  test("is told of as node-lost, once, where nobody goes on with its actors", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    const gone = await nodes.begin("C", [spec("C-clerk")]);
    await tell(a, "/a-clerk", { do: "watch", to: "/C-clerk" });
    await tell(a, "/a-clerk", { do: "ask", to: "/C-clerk", message: { do: "hold" } });
    gone.wire.cut();
    await nodes.clock.advance(6_000);
    expect((await get(a, "/a-clerk")).heard).toEqual(["down /C-clerk node-lost"]);
    await nodes.begin("C", [spec("C-clerk")]);
    await nodes.clock.advance(6_000);
    expect((await get(a, "/a-clerk")).heard).toEqual(["down /C-clerk node-lost"]);
    await tell(a, "/a-clerk", { do: "tell", to: "/C-clerk", message: 5 });
    expect((await get(a, "/C-clerk")).got).toEqual([5]);
  });

  test("goes on elsewhere with everything that was delivered to it, each once and in order", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    let b = await nodes.begin("b", [spec("b-clerk")]);
    for (let n = 0; n < 12; n++) {
      a.system.tell("/a-clerk", { do: "deliver", to: "/b-clerk", message: n });
      await nodes.clock.advance(n % 3 === 0 ? 1 : 40);
      if (n % 4 !== 3) continue;
      await nodes.kill(b, "b");
      a.system.tell("/a-clerk", { do: "deliver", to: "/b-clerk", message: 100 + n });
      await nodes.clock.advance(n * 700);
      b = await nodes.begin("b", [spec("b-clerk")]);
    }
    await nodes.clock.advance(10_000);
    expect((await get(a, "/b-clerk")).got).toEqual([0, 1, 2, 3, 103, 4, 5, 6, 7, 107, 8, 9, 10, 11, 111]);
    expect(letters(a.events)).toEqual([]);
  });

  test("sends what it owed from its next process on, each once", async () => {
    let a = await nodes.begin("a", [spec("a-clerk")]);
    const b = await nodes.begin("b", [spec("b-clerk")]);
    for (let n = 0; n < 12; n++) {
      a.system.tell("/a-clerk", { do: "deliver", to: "/b-clerk", message: n });
      await nodes.clock.settle();
      if (n % 4 !== 3) continue;
      await nodes.kill(a, "a");
      a = await nodes.begin("a", [spec("a-clerk")]);
    }
    await nodes.clock.advance(10_000);
    expect((await get(b, "/b-clerk")).got).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test("answers what it was asked before, and hears answers to what it had asked", async () => {
    let a = await nodes.begin("a", [spec("a-clerk")]);
    let b = await nodes.begin("b", [spec("b-clerk")]);
    await tell(a, "/a-clerk", { do: "ask", to: "/b-clerk", message: { do: "hold" } });
    await nodes.kill(b, "b");
    b = await nodes.begin("b", [spec("b-clerk")]);
    await nodes.clock.advance(6_000);
    await tell(b, "/b-clerk", { do: "release" });
    expect((await get(a, "/a-clerk")).heard).toEqual(['reply "released"']);
    await tell(a, "/a-clerk", { do: "ask", to: "/b-clerk", message: { do: "hold" } });
    await nodes.kill(a, "a");
    await tell(b, "/b-clerk", { do: "release" });
    a = await nodes.begin("a", [spec("a-clerk")]);
    await nodes.clock.advance(10_000);
    expect((await get(a, "/a-clerk")).heard).toEqual(['reply "released"', 'reply "released"']);
  });

  test("owes an answer no more when nobody will ask for it again", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    const b = await nodes.begin("b", [spec("b-clerk")]);
    await tell(a, "/a-clerk", { do: "ask", to: "/b-clerk", message: { do: "hold" } });
    await nodes.kill(a, "a");
    // Nobody is there yet who may ask again.
    const next = await nodes.begin("a");
    await nodes.clock.advance(2_000);
    await tell(b, "/b-clerk", { do: "release" });
    await nodes.settled(next.system.start(spec("a-clerk"), { fresh: true }));
    await nodes.clock.advance(300);
    await tell(b, "/b-clerk", 1);
    expect((await get(next, "/a-clerk")).heard).toEqual([]);
    expect(lastMoment((await nodes.stored("b", "/b-clerk"))!.entries).books.pending).toEqual({});
  });

  test("says nothing of the end of those who go on elsewhere", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    const b = await nodes.begin("b", [spec("b-clerk")]);
    await tell(a, "/a-clerk", { do: "watch", to: "/b-clerk" });
    await tell(a, "/a-clerk", { do: "ask", to: "/b-clerk", message: { do: "hold" } });
    await nodes.settled(b.system.close());
    await nodes.clock.advance(1_000);
    const next = await nodes.begin("b", [spec("b-clerk")]);
    await nodes.clock.advance(6_000);
    expect((await get(a, "/a-clerk")).heard).toEqual([]);
    await tell(next, "/b-clerk", { do: "release" });
    await tell(next, "/b-clerk", { do: "fail" });
    expect((await get(a, "/a-clerk")).heard).toEqual(['reply "released"', "down /b-clerk crash"]);
  });

  test("refuses nothing while it ends: what comes for those who have ended already goes to who goes on with them", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    const ending = Promise.withResolvers<void>();
    const slow = { ...plain({ init: () => 0, receive: () => 0, terminate: () => ending.promise }) };
    const b = await nodes.begin("b", [{ id: "b-slow", logic: slow as Logic }, spec("b-clerk")]);
    await tell(a, "/a-clerk", { do: "deliver", to: "/b-clerk", message: 1 });
    const closed = b.system.close();
    await nodes.clock.advance(100);
    await tell(a, "/a-clerk", { do: "deliver", to: "/b-clerk", message: 2 });
    await tell(a, "/a-clerk", { do: "ask", to: "/b-clerk", message: { do: "get" } });
    ending.resolve();
    await nodes.settled(closed);
    await nodes.begin("b", [spec("b-clerk")]);
    await nodes.clock.advance(6_000);
    expect((await get(a, "/b-clerk")).got).toEqual([1, 2]);
    expect([(await get(a, "/a-clerk")).heard, letters(a.events)]).toEqual([['reply {"got":[1,2],"heard":[]}'], []]);
  });

  test("that has not heard that it was replaced tells nobody that its actors end", async () => {
    const a = await nodes.begin("a", [spec("a-clerk")]);
    const old = await nodes.begin("b", [spec("b-clerk")]);
    await tell(a, "/a-clerk", { do: "watch", to: "/b-clerk" });
    const next = await nodes.begin("b", [spec("b-clerk")]);
    await nodes.clock.advance(2_000);
    await tell(a, "/a-clerk", { do: "deliver", to: "/b-clerk", message: 1 });
    // The old one finds out when it stores something.
    await tell(old, "/b-clerk", 99);
    await nodes.clock.advance(6_000);
    expect([(await get(next, "/b-clerk")).got, (await get(a, "/a-clerk")).heard]).toEqual([[1], []]);
  });
});
