/** Who hosts what, under faults: random nodes that come, leave, die and stop, on clocks that are wrong and leases that lose, delay and hide. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OwnershipWorld, type TrialNode } from "./ownership-world.ts";

const deeds = ["join", "kill", "stop", "cut", "drain", "close", "outage", "fall"] as const;
const deed = fc.record({
  what: fc.constantFrom(...deeds),
  whom: fc.nat(),
  afterMs: fc.constantFrom(20, 150, 700, 2_500, 4_000),
  forMs: fc.constantFrom(500, 2_000, 2_900, 3_500, 6_000, 10_000),
});
const trial = fc.record({
  seed: fc.nat(),
  nodes: fc.integer({ min: 1, max: 5 }),
  loss: fc.constantFrom(0, 0.02, 0.2),
  lateMs: fc.constantFrom(2, 60, 900, 2_500),
  answerMs: fc.constantFrom(1_000, 1_000, 2_500),
  drift: fc.constantFrom(0, 0.03),
  mostMs: fc.constantFrom(0, 300, 1_500),
  failing: fc.constantFrom(0, 0, 0.2),
  deeds: fc.array(deed, { minLength: 1, maxLength: 14 }),
});
type Trial = typeof trial extends fc.Arbitrary<infer T> ? T : never;
const numRuns = Number(process.env["RUNS"] ?? 60);

/** What struck in all trials: where nothing does, nothing is shown. */
const struck = { burials: 0, moves: 0, resurrections: 0, failures: 0, drains: 0 };

class Faults {
  readonly world: OwnershipWorld;
  readonly #trial: Trial;

  constructor(trial: Trial) {
    this.#trial = trial;
    this.world = new OwnershipWorld({
      seed: trial.seed,
      answerMs: trial.answerMs,
      limits: { mostRetryMs: 2_000, endMs: 8_000, drainMs: 20_000 },
    });
    const { random } = this.world;
    const delay = (): number => 1 + Math.floor(random.next() ** 4 * trial.lateMs);
    const way = (): number | undefined => (random.next() < trial.loss ? undefined : delay());
    this.world.store.passage = ({ type }) => (type === "watch" ? { thereMs: delay(), backMs: 0 } : { thereMs: way(), backMs: way() });
    for (let n = 0; n < trial.nodes; n++) this.join();
  }

  join(): TrialNode {
    const { drift, mostMs, failing } = this.#trial;
    return this.world.join({ rate: 1 + drift * (2 * this.world.random.next() - 1), mostMs, failing });
  }

  async strike({ what, whom, afterMs, forMs }: Trial["deeds"][number]): Promise<void> {
    const { world } = this;
    await world.pass(afterMs);
    const node = world.present[whom % world.present.length];
    if (what === "join" && world.present.length < 5) this.join();
    if (what === "outage" && !world.store.isDown) this.#for(forMs, (is) => (world.store.isDown = is));
    if (node === undefined) return;
    if (what === "kill") world.kill(node);
    if (what === "stop") this.#for(forMs, (is) => (is ? node.clock.stop() : node.isGone || node.clock.resume()));
    if (what === "cut") this.#for(forMs, (is) => (is ? node.leases.cut() : node.isGone || node.leases.mend()));
    if (what === "fall") for (const partition of node.host.working) node.ownership.fell(partition, new Error("fenced"));
    if (what === "drain" || what === "close") this.#leave(node, what);
  }

  #for(forMs: number, set: (is: boolean) => void): void {
    set(true);
    this.world.truth.setTimer(forMs, () => set(false));
  }

  #leave(node: TrialNode, how: "drain" | "close"): void {
    struck.drains++;
    const leave = async (): Promise<void> => {
      await node.ownership[how]();
      if (node.host.running.size > 0)
        this.world.broken.push(`${node.name} has left, and still hosts ${Array.from(node.host.running.keys()).join()}`);
      if (node.ownership.mayBegin()) this.world.broken.push(`${node.name} has left, and may begin something`);
      node.isGone = true;
    };
    void leave();
  }
}

/** Everything is hosted by exactly one, evenly, and all know it. */
function unsettled({ world }: Faults): string[] {
  const problems = [...world.broken];
  for (const partition of world.endpoints) {
    const hosts = world.hostsOf(partition);
    if (hosts.length !== 1) problems.push(`${partition} is hosted by ${hosts.length === 0 ? "nobody" : hosts.join(" and ")}`);
  }
  if (Math.max(...world.loads) - Math.min(...world.loads) > 1) problems.push(`loads are ${world.loads.join()}`);
  const views = new Set(
    world.present.map(({ ownership }) => JSON.stringify(world.endpoints.map((partition) => ownership.owners().get(partition)))),
  );
  if (views.size > 1) problems.push("they do not agree");
  return problems;
}

async function run(trial: Trial): Promise<string[]> {
  const faults = new Faults(trial);
  const { world } = faults;
  for (const each of trial.deeds) await faults.strike(each);
  // The last of what goes on for a while.
  await world.pass(10_000);
  world.store.passage = () => ({ thereMs: 1, backMs: 1 });
  // All may be gone by now.
  faults.join();
  await world.pass(25_000, 100);
  const problems = unsettled(faults);
  const events = world.nodes.flatMap(({ events }) => events);
  struck.burials += events.filter(({ type }) => type === "buries").length;
  struck.resurrections += events.filter(({ type }) => type === "buried").length;
  struck.moves += events.filter((event) => event.type === "ends" && event.why === "moved").length;
  struck.failures += events.filter(({ type }) => type === "failed").length;
  const before = world.nodes.map(({ host }) => ({ ...host.ends }));
  await world.pass(5_000, 100);
  if (JSON.stringify(world.nodes.map(({ host }) => host.ends)) !== JSON.stringify(before))
    problems.push("something moves while nothing happens");
  return problems;
}

describe("ownership under faults", () => {
  test("never lets two nodes begin anything in one partition, and gives each partition one host when the faults are over", async () => {
    await fc.assert(
      fc.asyncProperty(trial, async (each) => {
        expect(await run(each)).toEqual([]);
      }),
      // A trial does not become simpler with fewer deeds in it: it becomes another one.
      { numRuns, endOnFailure: true },
    );
    expect(Math.min(...Object.values(struck)), JSON.stringify(struck)).toBeGreaterThan(0);
  }, 600_000);
});
