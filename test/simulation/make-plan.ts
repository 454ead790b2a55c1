import type { Address } from "@orgtree/core";
import { membersOf, type FaultPlan, type MemberPlan, type OperationPlan, type Order, type Plan, type TeamPlan } from "./plan.ts";
import { SeededRandom } from "./seeded-random.ts";

/**
 * What a run has in it. Each seed draws its own mix, so that some runs have much of one thing: bugs hide where everything
 * happens at once, and where one thing happens a hundred times.
 */
interface Mix {
  readonly orders: readonly Order["type"][];
  readonly crashes: readonly (FaultPlan & { kind: "crash" })["how"][];
  readonly appends: readonly (FaultPlan & { kind: "append" })["how"][];
}

/** The plan of a seed. */
export function makePlan(seed: number): Plan {
  const random = new SeededRandom(`plan ${seed}`);
  const mix = makeMix(random);
  const members = makeMembers(random.fork("members"));
  const chaosMs = random.int(500, 3_000);
  const around: Around = { random: random.fork("operations"), mix, members: membersOf(members), chaosMs };
  const operations = Array.from({ length: random.int(10, 50) }, (_, at) => makeOperation(around, `o${at}`));
  const faults = Array.from({ length: random.int(1, 6) }, () => makeFault({ ...around, random }));
  return { seed, members, operations: operations.filter((each) => each !== undefined), faults, chaosMs };
}

const allOrders: readonly Order["type"][] = [
  "add",
  "transfer",
  "hint",
  "question",
  "timer",
  "cancel",
  "work",
  "fail",
  "leave",
  "watch",
  "job",
  "pause",
  "admin",
];
/** Orders by which a life, and with it the memory of a clerk, may end. */
const deadly: readonly Order["type"][] = ["work", "fail", "leave", "admin"];

function makeMix(random: SeededRandom): Mix {
  const isGentle = random.chance(0.4);
  const drawn = allOrders.filter((order) => random.chance(0.6) && !(isGentle && deadly.includes(order)));
  return {
    orders: ["add", ...drawn],
    crashes: random.pick([["kill"], ["kill"], ["zombie"], ["close"], ["kill", "zombie", "close"]]),
    appends: random.pick([
      [],
      ["slow"],
      ["before", "after"],
      ["after"],
      isGentle ? ["slow", "before"] : ["before", "after", "for-good", "slow"],
    ]),
  };
}

// The organization

function makeMembers(random: SeededRandom): readonly MemberPlan[] {
  return Array.from({ length: random.int(1, 3) }, (_, at) => makeMember(random, `m${at}`, 0)).map((member) => ({
    ...member,
    restart: "permanent" as const,
  }));
}

function makeMember(random: SeededRandom, id: string, depth: number): MemberPlan {
  const supervised = {
    id,
    restart: random.pick(["permanent", "permanent", "permanent", "transient", "temporary"] as const),
    backoffMs: random.chance(0.3) ? random.int(1, 100) : undefined,
  };
  if (depth < 2 && random.chance(depth === 0 ? 0.6 : 0.3)) return makeTeam(random, supervised, depth);
  if (random.chance(0.25)) return { kind: "press", ...supervised };
  return { kind: "clerk", ...supervised, onCrash: random.pick(["restart", "restart", "resume", "escalate"]) };
}

function makeTeam(random: SeededRandom, supervised: Pick<TeamPlan, "id" | "restart" | "backoffMs">, depth: number): TeamPlan {
  return {
    kind: "team",
    ...supervised,
    strategy: random.pick(["one-for-one", "one-for-one", "one-for-all", "rest-for-one"]),
    maxRestarts: random.pick([0, 1, 2, 5, 20]),
    periodMs: random.pick([50, 500, 5_000]),
    members: Array.from({ length: random.int(1, 3) }, (_, at) => makeMember(random, `${supervised.id}${"abc"[at]}`, depth + 1)),
  };
}

// What clients want

interface Around {
  readonly random: SeededRandom;
  readonly mix: Mix;
  readonly members: ReadonlyMap<Address, MemberPlan>;
  readonly chaosMs: number;
}

function makeOperation(around: Around, id: string): OperationPlan | undefined {
  const { random, mix, members, chaosMs } = around;
  const drawn = random.pick(mix.orders);
  // Where every third order is deadly, nobody is left to do the others.
  const type = deadly.includes(drawn) && random.chance(0.7) ? "add" : drawn;
  const kind = kindFor(type, random);
  const recipients = [...members].filter(([, member]) => member.kind === kind).map(([address]) => address);
  if (recipients.length === 0) return undefined;
  const to = random.pick(recipients);
  const order = makeOrder(around, { type, id, to });
  if (order === undefined) return undefined;
  const isSafe = !["fail", "leave", "admin"].includes(type);
  const mode = random.chance(0.75) ? "ask" : "tell";
  return {
    id,
    atMs: random.int(0, chaosMs),
    to,
    order,
    mode: type === "admin" ? "ask" : mode,
    copiesMs: makeCopies(random, isSafe),
    retries: isSafe && mode === "ask" && random.chance(0.6),
  };
}

function kindFor(type: Order["type"], random: SeededRandom): MemberPlan["kind"] {
  if (type === "admin") return "team";
  if (type === "job" || type === "pause") return "press";
  return (type === "add" || type === "leave") && random.chance(0.2) ? "press" : "clerk";
}

/** Lost, late or twice. */
function makeCopies(random: SeededRandom, mayRepeat: boolean): readonly number[] {
  const delayMs = (): number => (random.chance(0.3) ? random.int(1, 300) : 0);
  if (random.chance(0.1)) return [];
  return mayRepeat && random.chance(0.15) ? [delayMs(), delayMs()] : [delayMs()];
}

function makeOrder(around: Around, { type, id, to }: { type: Order["type"]; id: string; to: Address }): Order | undefined {
  const { random, members } = around;
  const peers = [...members].filter(([address, { kind }]) => kind === "clerk" && address !== to).map(([address]) => address);
  const payees = [...members].filter(([address, { kind }]) => kind !== "team" && address !== to).map(([address]) => address);
  switch (type) {
    case "add":
      return { type, id };
    case "transfer":
      return payees.length === 0 ? undefined : { type, id, to: random.pick(payees), amount: random.int(1, 100) };
    case "hint":
      return peers.length === 0 ? undefined : { type, id, to: random.pick(peers) };
    case "question": {
      const times = { timeoutMs: random.pick([100, 1_000, 20_000]), answerMs: random.pick([0, 0, 50, 500]) };
      return peers.length === 0 ? undefined : { type, id, to: random.pick(peers), ...times };
    }
    case "timer":
      return { type, id, delayMs: random.int(0, 2_000) };
    case "cancel":
      return { type, id, timer: `o${random.int(0, 50)}` };
    case "work":
      return { type, id, workMs: random.int(0, 300) };
    case "fail":
      return { type, id, class: random.pick(["crash", "crash", "crash", "loop", "no-progress"]) };
    case "leave":
      return { type, id, exit: random.pick(["normal", "shutdown", "killed"]) };
    case "watch":
      return { type, id, target: random.pick([...members.keys()]) };
    case "job":
      return {
        type,
        id,
        does: random.pick(["pure", "idempotent", "irreversible"]),
        workMs: random.int(0, 300),
        succeeds: random.chance(0.8),
      };
    case "pause":
      return { type, id, delayMs: random.int(0, 1_000) };
    case "admin": {
      const team = members.get(to) as TeamPlan;
      return { type, id, call: random.pick(["terminate", "restart", "restart"]), child: random.pick(team.members).id };
    }
    default:
      return type satisfies never;
  }
}

// What goes wrong

function makeFault({ random, mix, chaosMs }: Around): FaultPlan {
  const atMs = random.int(0, chaosMs);
  if (mix.appends.length > 0 && random.chance(0.5))
    return { kind: "append", atMs, how: random.pick(mix.appends), count: random.pick([1, 1, 2, 5]), ms: random.int(1, 400) };
  const tail = random.pick([0, 0.5, 1]);
  return { kind: "crash", atMs, skip: random.int(0, 30), how: random.pick(mix.crashes), downMs: random.int(0, 200), tail };
}
