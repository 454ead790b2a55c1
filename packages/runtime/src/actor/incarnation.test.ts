import { causeChain, type Exit, type Failure } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { kernelOf } from "../actor-system.ts";
import { startWorld } from "../machine/machine.fixture.ts";
import { Commits } from "./commits.fixture.ts";
import { die, makePuppet, restarted, startHeldWorld, type Order } from "./plain.fixture.ts";

describe("what a logic makes of its end", () => {
  const noExits = [null, "later", {}, { kind: "gone" }, { kind: "failure" }, { kind: "failure", failure: "boom" }];

  test.each(noExits)("%j is no exit: the turn fails, and nothing else does", async (exit) => {
    await using world = startWorld();
    const { logic } = makePuppet();
    await world.start(logic, restarted);
    await world.tell(((turn) => turn.exit(exit as Exit)) satisfies Order);
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "crash", name: "TypeError" } }]);
    expect(world.node()).toMatchObject({ incarnation: 2, status: "running" });
  });

  test.each(noExits)("%j as the exit of terminate is a failure", async (exit) => {
    await using world = startWorld();
    await world.start(makePuppet({ terminate: () => exit as Exit }).logic, { id: "now" });
    await world.start(makePuppet({ terminate: async () => exit as Exit }).logic, { id: "soon" });
    await world.system.stop("/now");
    await world.system.stop("/soon");
    for (const id of ["/now", "/soon"] as const)
      expect(world.exits(id)).toMatchObject([{ kind: "failure", failure: { class: "crash", name: "TypeError" } }]);
  });

  test("a failure of no known class is a crash, and one that goes round in circles is cut", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const failure: Record<string, unknown> = { class: "__proto__", message: 7 };
    failure["cause"] = failure;
    await world.tell(((turn) => turn.exit({ kind: "failure", failure: failure as never })) satisfies Order);
    const [exit] = world.exits();
    expect(exit).toMatchObject({ failure: { class: "crash", name: "Failure", message: "no message was given" } });
    expect(causeChain((exit as { failure: Failure }).failure)).toHaveLength(64);
  });

  test("a clean-up that throws keeps nobody from hearing of the end", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, restarted);
    await world.tell(((turn) =>
      turn.run("work", ({ signal }) => {
        Object.defineProperty(signal, "dispatchEvent", { value: boom });
        return Promise.withResolvers<void>().promise;
      })) satisfies Order);
    const life = kernelOf(world.system).cells.get("/m")!.life!;
    life.body!.abort = boom;
    life.holdings.release = boom;
    await world.tell(die);
    expect(world.node()).toMatchObject({ incarnation: 2, status: "running" });
    expect(world.log.filter(({ message }) => message === "the clean-up of an actor threw")).toHaveLength(2);
  });

  test("a turn that gets past everything ends its actor, and nobody else", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, restarted);
    await world.start(makePuppet().logic, { id: "other" });
    const { mailbox } = kernelOf(world.system).cells.get("/m")!;
    Object.defineProperty(mailbox, "shift", { value: boom, configurable: true });
    world.system.tell("/m", "one");
    world.system.observe(() => Reflect.deleteProperty(mailbox, "shift"));
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "crash", message: "boom" } }]);
    expect(world.node("/other")).toMatchObject({ incarnation: 1, status: "running" });
    expect(world.node()).toMatchObject({ incarnation: 2, mailbox: 0 });
  });
});

describe("the number of a turn", () => {
  test("does not come twice at one address, whoever lives there", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    for (let count = 0; count < 3; count++) {
      await world.start(makePuppet().logic);
      await world.tell("one");
      await world.system.stop("/m");
    }
    const numbers = commits.of("/m").map(({ seq }) => seq);
    expect(numbers).toHaveLength(6);
    expect(new Set(numbers).size).toBe(6);
  });
});

describe("resume", () => {
  const resumed = { onFailure: { crash: "resume" as const } };

  test("keeps state, incarnation, timers and the rest of the mailbox; the message is a dead letter", async () => {
    await using world = startWorld();
    const { logic, got, heard } = makePuppet();
    await world.start(logic, resumed);
    world.system.tell("/m", ((turn) => turn.setTimer("tick", 10)) satisfies Order);
    world.system.tell("/m", die);
    world.system.tell("/m", "after");
    await world.clock.advance(10);
    expect(got).toEqual(["after"]);
    expect(heard).toEqual([{ type: "orgtree.timer", name: "tick" }]);
    expect(world.node()).toMatchObject({ incarnation: 1, status: "running" });
    expect(world.of("dead-letter")).toHaveLength(1);
    expect(world.exits()).toEqual([]);
  });

  test("goes on with what the turn still had to do, its end included", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    await world.start(makePuppet().logic, resumed);
    commits.holds = "all";
    await world.tell(((turn) => turn.register("name")) satisfies Order, "/other");
    // Fails when it is carried out: the name is taken by then.
    await world.tell(((turn) => {
      turn.register("name");
      turn.tell("/other", "pending");
      turn.exit({ kind: "normal", output: "last" });
    }) satisfies Order);
    commits.release();
    await world.clock.settle();
    expect(world.failures()).toMatchObject([{ name: "NameTakenError" }]);
    expect(other.got).toEqual(["pending"]);
    expect(world.exits()).toEqual([{ kind: "normal", output: "last" }]);
  });

  test("fails again when what is pending fails again", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    await world.start(makePuppet().logic, { id: "other" });
    await world.start(makePuppet().logic, resumed);
    commits.holds = "all";
    await world.tell(((turn) => ["one", "two"].forEach((name) => turn.register(name))) satisfies Order, "/other");
    await world.tell(((turn) => {
      for (const name of ["one", "two"]) turn.register(name);
      turn.emit({ type: "last" });
    }) satisfies Order);
    commits.release();
    await world.clock.settle();
    expect(world.failures()).toMatchObject([{ detail: { taken: "one" } }, { detail: { taken: "two" } }]);
    expect(world.of("emitted")).toHaveLength(1);
    expect(world.node()).toMatchObject({ status: "running" });
  });
});

function boom(): never {
  throw new Error("boom");
}
