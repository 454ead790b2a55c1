/** A shop with a clerk and a stock, which is given up when its process ends in the middle of what cannot be taken back. */
import { GivenUpError, type Address, type ChildSpec } from "@orgtree/core";
import { MemoryJournal } from "@orgtree/journal";
import { plain, rollBackStored, supervisor, type Logic, type Turn } from "@orgtree/runtime";
import { expect } from "vitest";
import { World } from "./world.ts";

export interface Order {
  readonly do: "take" | "get" | "die" | "charge" | "leave" | "good" | "give";
}

/** Holds so many, less what was taken. */
const stock = plain<{ readonly left: number; readonly heard: readonly string[] }, Order>({
  init: () => ({ left: 100, heard: [] }),
  receive(state, message, turn: Turn) {
    switch (message.do) {
      case "get":
        turn.reply([state.left, ...state.heard]);
        return state;
      case "die":
        throw new Error("died");
      case "charge":
        turn.run("charge", () => new Promise(() => {}));
        return state;
      case "leave":
        turn.exit();
        return state;
      case "good":
        turn.checkpoint("good");
        return state;
      case "give":
        turn.deliver("/other", { do: "take" });
        return state;
      default:
        return { ...state, left: state.left - 1 };
    }
  },
  signal: (state, signal) => ({ ...state, heard: [...state.heard, signal.type] }),
});

export const child = (id: string, more: Partial<ChildSpec<Logic>> = {}): ChildSpec<Logic> => ({ id, logic: stock, ...more });
export const shopOf = (more: Partial<ChildSpec<Logic>> = {}): ChildSpec<Logic> => ({
  id: "shop",
  logic: supervisor({ children: [child("clerk"), child("stock", more)] }),
});
export const shop = shopOf();
/** Its stock goes back to its last checkpoint when it fails, and begins anew where it has none. */
export const checkpointed = shopOf({
  onFailure: { crash: [{ directive: "rollback", intensity: { maxRestarts: 3, periodMs: 60_000 } }, { directive: "restart" }] },
});
export const give = (order: Order["do"]): Order => ({ do: order });

export async function order(world: World, to: Address, ...orders: readonly Order["do"][]): Promise<void> {
  for (const each of orders) await world.tell(to, give(each));
}

export const left = (world: World, address: Address): Promise<unknown> => world.ask(address, give("get"));

/** The error of a start; undefined where there is none. */
export async function refusal(world: World, spec: ChildSpec<Logic> = shop): Promise<GivenUpError | undefined> {
  const start = world.system.start(spec).then(
    () => undefined,
    (error: unknown) => error,
  );
  const [error] = await Promise.all([start, world.clock.settle()]);
  if (error !== undefined) expect(error).toBeInstanceOf(GivenUpError);
  return error as GivenUpError | undefined;
}

export async function startFresh(world: World, spec: ChildSpec<Logic> = shop): Promise<void> {
  await Promise.all([world.system.start(spec, { fresh: true }), world.clock.settle()]);
}

/** Its process ends in the middle of what cannot be taken back, and the next one gives it up. */
export async function givenUp(spec: ChildSpec<Logic> = shop, before: readonly Order["do"][] = []): Promise<World> {
  const world = new World();
  await world.start(spec);
  await order(world, "/shop/stock", ...before, "take", "take", "take");
  await order(world, "/shop/clerk", "take");
  await order(world, "/shop/stock", "charge");
  await order(world, "/shop/clerk", "take");
  await world.crash();
  await world.start(spec);
  expect(world.events.map(({ type }) => type)).toContain("escalated-to-root");
  return world;
}

/** Somebody puts it back while it does not run, and another process comes up. */
export async function putBack(world: World, to?: string | number): Promise<void> {
  const journal = new MemoryJournal(world.file);
  await rollBackStored(journal, "/shop", { atMs: world.clock.epochMs(), to, consent: true });
  await journal.close();
  await world.crash(60_000);
}

/** The kinds of all that is stored of an address. */
export async function kindsOf(world: World, address: Address): Promise<readonly string[]> {
  const kinds: string[] = [];
  const { epoch } = world.file;
  const journal = new MemoryJournal(world.file);
  world.file.epoch = epoch; // Nobody has opened it to write.
  for await (const { kind } of journal.read({ within: address })) kinds.push(kind);
  return kinds;
}
