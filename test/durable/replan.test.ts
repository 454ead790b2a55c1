/** Replan: the ladder from restart to a new plan and beyond it, end to end, and over crashes. */
import type { Address, ChildSpec, ReplanRequest } from "@orgtree/core";
import { plain, supervisor, Timeline, type Logic, type Turn } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

interface Order {
  readonly do: "add" | "get" | "die";
}

interface Seat {
  readonly id: string;
  readonly as: string;
}

const worker = plain<{ readonly as: string; readonly count: number }, Order>({
  init: (input) => ({ as: String(input), count: 0 }),
  receive(state, { do: what }, turn: Turn) {
    if (what === "die") throw new Error(`died as ${state.as}`);
    if (what === "add") return { ...state, count: state.count + 1 };
    turn.reply(`${state.as} ${state.count}`);
    return state;
  },
});

/** Gives one plan after the other; `silent` never answers. */
function planner(plans: readonly (readonly Seat[] | "silent" | "refuse" | "nonsense")[]) {
  return plain<{ readonly asked: readonly ReplanRequest[] }, ReplanRequest | { readonly type: "asked" }>({
    init: () => ({ asked: [] }),
    receive(state, message, turn) {
      if (message.type === "asked") {
        turn.reply(state.asked);
        return state;
      }
      const plan = plans[state.asked.length];
      if (plan === "refuse") turn.refuse(new Error("no idea"));
      else if (plan === "nonsense") turn.reply([{ id: "not/an/id", as: "x" }]);
      else if (plan !== undefined && plan !== "silent") turn.reply(plan);
      return { asked: [...state.asked, message] };
    },
  });
}

const children = (plan: readonly Seat[]): readonly ChildSpec<Logic>[] =>
  plan.map(({ id, as }) => ({
    id,
    input: as,
    logic: worker,
    onFailure: { crash: [{ directive: "restart", intensity: { maxRestarts: 1, periodMs: 60_000 } }, { directive: "replan" }] },
  }));

const first: readonly Seat[] = [
  { id: "a", as: "painter" },
  { id: "b", as: "smith" },
  { id: "c", as: "cook" },
];
const second: readonly Seat[] = [
  { id: "b", as: "smith" },
  { id: "a", as: "painter" },
  { id: "d", as: "baker" },
];

interface More extends Pick<ChildSpec<Logic>, "shutdownMs"> {
  readonly maxReplans?: number;
}

function org(plans: Parameters<typeof planner>[0], { shutdownMs, ...more }: More = {}): ChildSpec<Logic> {
  const team = supervisor({
    intensity: { maxRestarts: 10, periodMs: 60_000 },
    plan: { initial: first, children, planner: "/org/planner", timeoutMs: 5_000, ...more },
  });
  return {
    id: "org",
    restart: "temporary",
    logic: supervisor({
      intensity: { maxRestarts: 1, periodMs: 60_000 },
      children: [
        { id: "planner", logic: planner(plans) },
        { id: "team", shutdownMs, logic: team },
      ],
    }),
  };
}

const get = (world: World, id: string): Promise<unknown> => world.ask(`/org/team/${id}`, { do: "get" });

async function kill(world: World, id: string, times = 2): Promise<void> {
  for (let n = 0; n < times; n++) await world.tell(`/org/team/${id}`, { do: "die" });
}

async function ids(world: World): Promise<readonly string[]> {
  const [list] = await Promise.all([world.system.supervisor("/org/team").listChildren(), world.clock.settle()]);
  return list.map(({ id, status }) => `${id} ${status}`).reverse();
}

async function start(spec: ChildSpec<Logic>): Promise<World> {
  const world = new World();
  await world.start(spec);
  for (const id of ["a", "b", "c"]) await world.tell(`/org/team/${id}` as Address, { do: "add" });
  return world;
}

describe("a new plan", () => {
  test("comes after the restarts, keeps who goes on under it, and begins the others afresh", async () => {
    const world = await start(org([second]));
    await kill(world, "a");
    expect(await ids(world)).toEqual(["b running", "a running", "d running"]);
    expect(await Promise.all([get(world, "a"), get(world, "b"), get(world, "d")])).toEqual(["painter 0", "smith 1", "baker 0"]);
  });

  test("is asked for with the cause chain, what was tried, and the plan of now", async () => {
    const world = await start(org([second]));
    await kill(world, "a");
    const [request] = (await world.ask("/org/planner", { type: "asked" })) as readonly ReplanRequest[];
    expect(request).toMatchObject({
      supervisor: "/org/team",
      child: "a",
      version: 2,
      plan: first,
      chain: [{ class: "crash", message: "died as painter" }],
      tried: [{ directive: "restart", times: 1 }],
      standing: [],
    });
  });

  test("is named in every turn of those who work by it", async () => {
    const world = await start(org([second]));
    await kill(world, "a");
    await world.tell("/org/team/b", { do: "add" });
    const plans = await world.turns("/org/team/b");
    expect(plans.map(({ plan }) => plan)).toEqual([1, 1, 2]);
    expect((await world.turns("/org/planner")).map(({ plan }) => plan)).toEqual([undefined, undefined]);
  });

  test.each(["silent", "refuse", "nonsense"] as const)(
    "that does not come (%s) leaves it to the next rung, and nobody waits for ever",
    async (how) => {
      const world = await start(org([how]));
      await kill(world, "a");
      // Nobody waits for an answer.
      if (how === "silent") expect(await get(world, "b")).toBe("smith 1");
      await world.clock.advance(5_000);
      // The team gave up, and was started afresh by the organization.
      expect(await ids(world)).toEqual(["a running", "b running", "c running"]);
      expect(await get(world, "b")).toBe("smith 0");
    },
  );

  test("is made so many times and no more", async () => {
    const world = await start(org([first, first, first], { maxReplans: 2 }));
    await kill(world, "a", 1);
    await kill(world, "a", 2);
    expect(await get(world, "b")).toBe("smith 1");
    await kill(world, "a", 1);
    expect(await get(world, "b")).toBe("smith 0");
    expect(world.events).toContainEqual(
      expect.objectContaining({
        report: expect.objectContaining({ decision: "a new plan is not possible: 2 new plans were made (maxReplans)" }) as object,
      }),
    );
  });

  test("is made no more often by who is put back to where he was about to ask for one", async () => {
    const world = await start(org([second, second], { maxReplans: 1 }));
    await kill(world, "a");
    const exits: number[] = [];
    for await (const { cause, seq } of new Timeline(world.journal, "/org/team").turns()) if (cause.type === "exited") exits.push(seq);
    await Promise.all([world.system.rollBack("/org/team", { to: exits[1]!, consent: true }), world.clock.settle()]);
    const reports = world.events.flatMap((event) => (event.type === "report" ? [event.report] : []));
    expect(reports.filter(({ context }) => context === "replanned")).toHaveLength(1);
    expect(reports.map(({ decision }) => decision)).toContain("a new plan is not possible: 1 new plans were made (maxReplans)");
  });

  test("is not needed to know the children of a team that is killed: whoever lives there next is the same", async () => {
    const world = await start(org([], { shutdownMs: "brutal-kill" }));
    world.file.freezeAfter(Infinity, ({ kind }) => kind === "end");
    const { terminateChild, restartChild } = world.system.supervisor("/org");
    await Promise.all([terminateChild("team"), world.clock.settle()]);
    await Promise.all([restartChild("team"), world.clock.settle()]);
    expect(world.file.stored.map(({ address, kind }) => `${address} ${kind}`)).toEqual([]);
    expect(await get(world, "b")).toBe("smith 0");
  });

  test("cannot be made by one of those who fail", async () => {
    const world = new World();
    const bad = supervisor({ plan: { initial: first, children, planner: "/bad/a" } });
    await expect(world.start({ id: "bad", logic: bad })).rejects.toThrow("/bad/a is not outside of /bad");
  });

  test("comes, once, whenever the process dies in the middle of it", async () => {
    let decided = 0;
    for (let records = 0; records < 40; records++) {
      const world = await start(org([second]));
      await kill(world, "a", 1);
      world.file.freezeAfter(records, () => true);
      world.system.tell("/org/team/a", { do: "die" });
      await world.clock.settle();
      const wasDecided = world.file.stored.some(({ address }) => address === "/org/team");
      const isOver = !world.file.hasHeld;
      world.file.thaw();
      await world.crash();
      await world.start(org([second]));
      if (wasDecided) {
        decided++;
        expect([records, await ids(world)]).toEqual([records, ["b running", "a running", "d running"]]);
        expect([records, await get(world, "a"), await get(world, "b")]).toEqual([records, "painter 0", "smith 1"]);
        expect(await world.ask("/org/planner", { type: "asked" })).toHaveLength(1);
      }
      if (isOver) break;
    }
    expect(decided).toBeGreaterThan(6);
  });
});
