import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { die, makePuppet, restarted, startHeldWorld, type Order } from "../actor/plain.fixture.ts";
import { Registry } from "./registry.ts";

describe("Registry", () => {
  test("releases all names and groups of an address, and nobody else's", () => {
    const registry = new Registry();
    registry.register("editor", "/a");
    registry.register("chief", "/a");
    registry.register("writer", "/b");
    for (const address of ["/a", "/b"] as const) registry.join("desk", address);
    registry.join("alone", "/a");
    registry.release("/a");
    registry.release("/a");
    expect(["editor", "chief", "writer"].map((name) => registry.whereis(name))).toEqual([undefined, undefined, "/b"]);
    expect(registry.members("desk")).toEqual(["/b"]);
    expect(registry.members("alone")).toEqual([]);
  });

  test("gives members in the order in which they joined, each once", () => {
    const registry = new Registry();
    for (const address of ["/b", "/a", "/b", "/c"] as const) registry.join("desk", address);
    registry.leave("desk", "/a");
    registry.leave("desk", "/nobody");
    registry.leave("nothing", "/b");
    registry.join("desk", "/a");
    expect(registry.members("desk")).toEqual(["/b", "/c", "/a"]);
  });
});

const register: (name: string) => Order = (name) => (turn) => turn.register(name);

describe("a name", () => {
  test("leads to the actor that registered it, which may have several and register one again", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    for (const name of ["editor", "chief", "editor"]) await world.tell(register(name));
    expect([world.system.whereis("editor"), world.system.whereis("chief"), world.system.whereis("nobody")]).toEqual([
      "/m",
      "/m",
      undefined,
    ]);
    expect(world.failures()).toEqual([]);
  });

  test("fails the turn of another actor that wants it, and nothing else of that turn happens", async () => {
    await using world = startWorld();
    for (const id of ["a", "b"]) await world.start(makePuppet().logic, { id });
    await world.tell(register("editor"), "/a");
    const clash: Order = (turn) => {
      turn.emit({ type: "before" });
      turn.register("editor");
    };
    await world.tell(clash, "/b");
    expect(world.failures("/b")).toMatchObject([{ name: "NameTakenError", detail: { taken: "editor", holder: "/a" } }]);
    expect(world.of("emitted")).toEqual([]);
    expect(world.system.whereis("editor")).toBe("/a");
  });

  test("is free when its holder ends, and when it is started again", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { id: "a", ...restarted });
    await world.start(makePuppet().logic, { id: "b" });
    await world.tell(register("editor"), "/a");
    await world.tell(die, "/a");
    expect(world.system.whereis("editor")).toBeUndefined();
    await world.tell(register("editor"), "/b");
    expect(world.system.whereis("editor")).toBe("/b");
    await world.system.stop("/b");
    expect(world.system.whereis("editor")).toBeUndefined();
  });

  test("belongs to the first who is committed: the other fails after its commit, what it sent behind is a dead letter", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    for (const id of ["a", "b"]) await world.start(makePuppet().logic, { id });
    commits.holds = "all";
    const wish: Order = (turn) => {
      turn.register("editor");
      turn.tell("/nobody", { type: "behind" });
    };
    await world.tell(wish, "/a");
    await world.tell(wish, "/b");
    expect(world.system.whereis("editor")).toBeUndefined();
    commits.release();
    await world.clock.settle();
    expect(world.system.whereis("editor")).toBe("/a");
    expect(world.failures("/b")).toMatchObject([{ name: "NameTakenError" }]);
    expect(world.letters()).toEqual(["no-recipient: behind", "turn-aborted: behind"]);
  });
});

describe("a group", () => {
  const join: Order = (turn) => turn.join("desk");
  const publish: Order = (turn) => turn.publish("desk", "news");

  test("hears what one of its members publishes, but for that member", async () => {
    await using world = startWorld();
    const puppets = { a: makePuppet(), b: makePuppet(), c: makePuppet() };
    for (const [id, { logic }] of Object.entries(puppets)) await world.start(logic, { id });
    for (const address of ["/a", "/b"] as const) await world.tell(join, address);
    expect(world.system.members("desk")).toEqual(["/a", "/b"]);
    await world.tell(publish, "/a");
    await world.tell(publish, "/c");
    expect([puppets.a.got, puppets.b.got, puppets.c.got]).toEqual([["news"], ["news", "news"], []]);
  });

  test("is left by order, at the end, and by a restart", async () => {
    await using world = startWorld();
    for (const id of ["a", "b", "c"]) await world.start(makePuppet().logic, { id, ...(id === "c" ? restarted : {}) });
    for (const address of ["/a", "/b", "/c"] as const) await world.tell(join, address);
    await world.tell(((turn) => turn.leave("desk")) satisfies Order, "/a");
    await world.system.stop("/b");
    await world.tell(die, "/c");
    expect(world.system.members("desk")).toEqual([]);
    expect(world.node("/c")).toMatchObject({ incarnation: 2 });
  });

  test("that nobody joined takes what is published, to nobody's loss", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    await world.tell(publish);
    expect(world.letters()).toEqual([]);
  });
});
