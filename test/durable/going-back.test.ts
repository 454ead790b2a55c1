/** Who is about to be put back: what comes for it meanwhile, and what becomes of that where it is not to be after all. */
import type { Address, ReplyTo } from "@orgtree/core";
import { lastMoment, plain, supervisor, type Turn } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

type Order = { readonly do: "add" | "checkpoint" | "get" } | { readonly do: "ask" | "tell"; readonly to: Address };

/** Writes down what it takes. */
const desk = plain<readonly string[], Order>({
  init: () => [],
  receive(log, order, turn: Turn) {
    if (order.do === "get") {
      turn.reply(log);
      return log;
    }
    if (order.do === "checkpoint") turn.checkpoint("c");
    if (order.do === "ask") turn.ask(order.to, { do: "ask" }, { tag: "asked", timeoutMs: 600_000 });
    if (order.do === "tell") turn.tell(order.to, { do: "add" });
    return [...log, order.do];
  },
  signal: (log, signal) => [...log, "value" in signal ? `${signal.type} ${JSON.stringify(signal.value)}` : signal.type],
});

/** Answers when it is told to, and only the first that asked. */
const slow = plain<ReplyTo | null, { readonly do: "ask" | "give" | "add" }>({
  init: () => null,
  receive(asked, { do: what }, turn) {
    if (what === "give") turn.reply("late", asked!);
    return what === "ask" ? (asked ?? turn.replyTo!) : asked;
  },
});

async function order(world: World, to: Address, ...orders: readonly Order[]): Promise<void> {
  for (const each of orders) await world.tell(to, each);
}

/** Has the first answer given when an actor has ended, and another turn stored, with which whatever is believed to be taken is gone. */
function answerAtEndOf(world: World, address: Address): void {
  let isGiven = false;
  world.system.observe((event) => {
    if (isGiven || event.type !== "actor-exited" || event.address !== address) return;
    isGiven = true;
    for (const what of ["give", "add"]) world.system.tell("/slow", { do: what });
  });
}

describe("an actor that is about to be put back", () => {
  const org = supervisor({ children: [{ id: "a", logic: desk, restart: "temporary" }] });

  test("and is given up instead, whenever that happens, leaves its place, and nobody waits for it", async () => {
    for (let moments = 0; moments < 120; moments++) {
      const world = new World();
      await world.start({ id: "b", logic: desk });
      await world.start({ id: "org", logic: org });
      await order(world, "/org/a", { do: "add" }, { do: "checkpoint" }, { do: "add" });
      world.system.rollBack("/org/a").catch(() => {});
      for (let moment = 0; moment < moments; moment++) await Promise.resolve();
      const terminated = world.system.supervisor("/").terminateChild("org");
      await Promise.all([terminated, world.clock.settle()]);
      await order(world, "/b", { do: "ask", to: "/org/a" });
      expect([moments, ...((await world.ask("/b", { do: "get" })) as string[])]).toEqual([moments, "ask", "orgtree.ask-failed"]);
      const kinds: string[] = [];
      for await (const { kind } of world.journal.read({ address: "/org/a" })) kinds.push(kind);
      expect([moments, kinds.at(-1)]).toEqual([moments, "end"]);
      await world.start({ id: "org", logic: org });
      expect(await world.ask("/org/a", { do: "get" })).toEqual([]);
    }
  });

  test("hears an answer that comes when it has ended, and those above it are not stopped yet", async () => {
    const world = new World();
    await world.start({ id: "slow", logic: slow });
    await world.start({ id: "org", logic: supervisor({ children: [{ id: "team", logic: org }] }) });
    await order(world, "/org/team/a", { do: "ask", to: "/slow" }, { do: "checkpoint" });
    answerAtEndOf(world, "/org/team/a");
    await Promise.all([world.system.rollBack("/org/team"), world.clock.settle()]);
    expect(await world.ask("/org/team/a", { do: "get" })).toEqual(["ask", "checkpoint", 'orgtree.reply "late"']);
    expect(world.system.deadLetters.counts()).toEqual({});
  });

  test("does not hear what those have sent until they were stopped who are put back as well", async () => {
    const world = new World();
    const team = supervisor({ children: ["a", "b"].map((id) => ({ id, logic: desk })) });
    await world.start({ id: "org", logic: supervisor({ children: [{ id: "team", logic: team }] }) });
    await order(world, "/org/team/a", { do: "checkpoint" });
    let isTold = false;
    world.system.observe((event) => {
      if (isTold || event.type !== "actor-exited" || event.address !== "/org/team/b") return;
      isTold = true;
      world.system.tell("/org/team/a", { do: "tell", to: "/org/team/b" });
    });
    await Promise.all([world.system.rollBack("/org/team", { consent: true }), world.clock.settle()]);
    // It is told again, and tells again.
    expect(await world.ask("/org/team/a", { do: "get" })).toEqual(["checkpoint", "tell"]);
    expect(await world.ask("/org/team/b", { do: "get" })).toEqual(["add"]);
  });

  test.each([
    ["it goes back to before it asked", "c"],
    ["there is nothing to go back to", "none"],
  ])("is owed the answer that comes meanwhile no more when %s: a dead letter", async (_, to) => {
    const world = new World();
    await world.start({ id: "slow", logic: slow });
    await world.start({ id: "org", logic: org });
    await order(world, "/org/a", { do: "checkpoint" }, { do: "ask", to: "/slow" });
    answerAtEndOf(world, "/org/a");
    const rollback = world.system.ask("/org", { type: "rollback-child", id: "a", to }).catch(() => {});
    await Promise.all([rollback, world.clock.settle()]);
    expect(world.system.deadLetters.counts()).toEqual({ "late-reply": 1 });
    await world.tell("/slow", { do: "add" });
    expect(lastMoment((await world.journal.image("/slow"))!.entries).books.pending).toEqual({});
  });
});
