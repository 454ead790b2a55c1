import { rootAddress, type Address } from "@orgtree/core";
import { makeStory, type Story } from "./make-story.ts";
import type { Order } from "./order.ts";
import { membersOf, type FaultPlan, type MemberPlan, type OperationPlan, type Plan, type TeamPlan } from "./plan.ts";
import { widen } from "./make-wide.ts";
import { SeededRandom } from "./seeded-random.ts";

/**
 * What a run has in it. Each seed draws its own mix, so that some runs have much of one thing: bugs hide where everything
 * happens at once, and where one thing happens a hundred times.
 */
interface Mix {
  /** How likely an actor is a machine. */
  readonly presses: number;
  /** Most members of the root, and of a team. */
  readonly mostMembers: number;
  readonly orders: readonly NarrowType[];
  readonly crashes: readonly (FaultPlan & { kind: "crash" })["how"][];
  readonly appends: readonly (FaultPlan & { kind: "append" })["how"][];
  /** How likely an operation comes right after the one before, and does the same to the same actor. */
  readonly bursts: number;
  /** How likely an operation comes just when another one comes to its end. */
  readonly interruptions: number;
  /** How many stories there are, of which chance would rarely tell. */
  readonly stories: number;
  /** How likely an order by which a life may end stays one. */
  readonly violence: number;
}

/** The plan of a seed: in two of three runs with something of all that there is besides. */
export function makePlan(seed: number): Plan {
  const random = new SeededRandom(`wide ${seed}`);
  const plan = makeNarrowPlan(seed);
  return random.chance(0.66) ? widen(plan, random) : plan;
}

/** The plan of a seed with supervisors, clerks and presses, and what clients want of them. */
export function makeNarrowPlan(seed: number): Plan {
  const random = new SeededRandom(`plan ${seed}`);
  const mix = makeMix(random);
  const members = makeMembers(random.fork("members"), mix);
  const chaosMs = random.int(500, 3_000);
  const around: Around = {
    random: random.fork("operations"),
    mix,
    members: membersOf(members),
    tops: members.map(({ id }) => id),
    chaosMs,
  };
  const operations: OperationPlan[] = [];
  for (let at = random.int(10, 50); at > 0; at--) {
    const operation = makeOperation({ ...around, before: operations.at(-1), earlier: operations }, `o${at}`);
    if (operation !== undefined) operations.push(operation);
  }
  const faults = Array.from({ length: random.int(1, 6) }, () => makeFault({ ...around, random, earlier: operations }));
  const stories = makeStories(around, mix.stories);
  for (const story of stories) operations.push(...story.operations);
  return { seed, members, operations, faults: [...faults, ...stories.flatMap((story) => story.faults)], chaosMs };
}

type NarrowType = Exclude<Order["type"], "checkpoint" | "spend" | "hold" | "register" | "join" | "depart" | "publish" | "manage">;

const allOrders: readonly NarrowType[] = [
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
const deadly: ReadonlySet<string> = new Set(["work", "fail", "leave", "admin"]);

function makeMix(random: SeededRandom): Mix {
  const isGentle = random.chance(0.3);
  const allowed = isGentle ? allOrders.filter((order) => !deadly.has(order)) : allOrders;
  const isNarrow = random.chance(0.5);
  const drawn = isNarrow ? random.shuffle(allowed).slice(0, random.int(1, 3)) : allowed.filter(() => random.chance(0.6));
  const presses = drawn.includes("job") || drawn.includes("pause") ? 0.6 : 0.1;
  return {
    orders: ["add", ...drawn],
    presses: isNarrow ? presses : 0.25,
    mostMembers: random.pick([1, 2, 3]),
    crashes: random.pick([["kill"], ["kill"], ["zombie"], ["close"], ["kill", "zombie", "close"]]),
    bursts: random.pick([0, 0.3, 0.7]),
    interruptions: random.pick([0, 0.2, 0.5]),
    stories: isGentle ? 0 : random.pick([0, 2, 4]),
    violence: random.pick([0.2, 0.5, 1]),
    appends: random.pick([
      [],
      ["slow"],
      ["before", "after"],
      ["after"],
      isGentle ? ["slow", "before"] : ["before", "after", "for-good", "slow"],
    ]),
  };
}

function makeStories({ random, members, chaosMs }: Around, count: number): readonly Story[] {
  const ids = Array.from({ length: count }, (_, at) => `s${at}`);
  return ids.flatMap((id) => makeStory({ random: random.fork(id), members, chaosMs, id }) ?? []);
}

// The organization

function makeMembers(random: SeededRandom, mix: Mix): readonly MemberPlan[] {
  return Array.from({ length: random.int(1, mix.mostMembers) }, (_, at): MemberPlan => {
    const member = makeMember({ random, mix }, `m${at}`, 0);
    return { ...member, restart: "permanent" };
  });
}

interface Making {
  readonly random: SeededRandom;
  readonly mix: Mix;
}

function makeMember(making: Making, id: string, depth: number): MemberPlan {
  const { random, mix } = making;
  const supervised = {
    id,
    restart: random.pick(["permanent", "permanent", "permanent", "transient", "temporary"] as const),
    backoffMs: random.chance(0.3) ? random.int(1, 100) : undefined,
  };
  if (depth < 2 && random.chance(depth === 0 ? 0.6 : 0.3)) return makeTeam(making, supervised, depth);
  if (random.chance(mix.presses)) return { kind: "press", ...supervised };
  return { kind: "clerk", ...supervised, onCrash: random.pick(["restart", "restart", "resume", "escalate"]) };
}

function makeTeam(making: Making, supervised: Pick<TeamPlan, "id" | "restart" | "backoffMs">, depth: number): TeamPlan {
  const { random, mix } = making;
  return {
    kind: "team",
    ...supervised,
    strategy: random.pick(["one-for-one", "one-for-one", "one-for-all", "rest-for-one"]),
    maxRestarts: random.pick([0, 1, 2, 5, 20]),
    periodMs: random.pick([50, 500, 5_000, 5_000]),
    members: Array.from({ length: random.int(1, mix.mostMembers) }, (_, at) =>
      makeMember(making, `${supervised.id}${"abc"[at]}`, depth + 1),
    ),
  };
}

// What clients want

interface Around {
  readonly random: SeededRandom;
  readonly mix: Mix;
  readonly members: ReadonlyMap<Address, MemberPlan>;
  readonly tops: readonly string[];
  readonly chaosMs: number;
  readonly before?: OperationPlan | undefined;
  readonly earlier?: readonly OperationPlan[];
}

function makeOperation(around: Around, id: string): OperationPlan | undefined {
  const { random, mix, chaosMs, before } = around;
  const meanwhile = random.chance(mix.interruptions) ? makeInterruption(around, id) : undefined;
  if (meanwhile !== undefined) return meanwhile;
  const isNext = before !== undefined && random.chance(mix.bursts);
  const drawn = isNext && random.chance(0.7) ? (before.order.type as NarrowType) : random.pick(mix.orders);
  // Where every third order is deadly, nobody is left to do the others.
  const type = deadly.has(drawn) && !random.chance(mix.violence) ? "add" : drawn;
  const kind = kindFor(type, random);
  const recipients = recipientsOf(around, kind);
  if (recipients.length === 0) return undefined;
  const to = isNext && recipients.includes(before.to) ? before.to : random.pick(recipients);
  const order = makeOrder(around, { type, id, to });
  if (order === undefined) return undefined;
  const isSafe = !["fail", "leave", "admin"].includes(type);
  const mode = random.chance(0.75) ? "ask" : "tell";
  const atMs = isNext ? before.atMs + random.int(0, 5) : random.int(0, chaosMs);
  const timer = type === "cancel" ? lastTimer(around, order) : undefined;
  if (timer !== undefined) return cancelInTime(random, { id, to: timer.to, order, timer });
  return {
    id,
    atMs,
    to,
    order,
    mode: type === "admin" ? "ask" : mode,
    copiesMs: makeCopies(random, isSafe),
    retries: isSafe && mode === "ask" && random.chance(0.6),
  };
}

/** Something small for an actor that does something else, just when that comes to an end. */
function makeInterruption({ random, mix, members, earlier = [] }: Around, id: string): OperationPlan | undefined {
  const begun = earlier.filter(({ order }) => ["job", "pause", "timer", "work", "question", "transfer"].includes(order.type));
  if (begun.length === 0) return undefined;
  const { to: doer, order, atMs, copiesMs } = random.pick(begun);
  const to = order.type === "transfer" ? order.to : doer;
  const { workMs = 0, delayMs = 0, answerMs = 0 } = order as { workMs?: number; delayMs?: number; answerMs?: number };
  const endMs = atMs + (copiesMs[0] ?? 0) + workMs + delayMs + answerMs;
  const isDeadly = mix.orders.includes("fail") && members.get(to)?.kind === "clerk" && random.chance(mix.violence);
  return {
    id,
    atMs: endMs + random.int(-4, 6),
    to,
    order: isDeadly ? { type: "fail", id, class: "crash" } : { type: "add", id },
    mode: "ask",
    copiesMs: isDeadly ? [0] : random.pick([[0], [0, 1], [0, 1, 3], [0, 0, 2, 4]]),
    retries: false,
  };
}

function recipientsOf({ members }: Around, kind: MemberPlan["kind"]): readonly Address[] {
  const found = [...members].filter(([, member]) => member.kind === kind).map(([address]) => address);
  return kind === "team" ? [...found, rootAddress] : found;
}

/** The timer that a cancellation is for. */
function lastTimer({ earlier = [] }: Around, order: Order): (OperationPlan & { readonly order: { readonly type: "timer" } }) | undefined {
  const timer = earlier.find(({ id }) => order.type === "cancel" && id === order.timer);
  return timer?.order.type === "timer" ? (timer as ReturnType<typeof lastTimer>) : undefined;
}

/** Just when the timer is due: its signal may wait in the mailbox already. */
function cancelInTime(
  random: SeededRandom,
  { id, to, order, timer }: { id: string; to: Address; order: Order; timer: OperationPlan },
): OperationPlan {
  const dueMs = timer.atMs + (timer.copiesMs[0] ?? 0) + (timer.order as Order & { type: "timer" }).delayMs;
  return { id, atMs: dueMs + random.int(-5, 5), to, order, mode: "tell", copiesMs: [0], retries: false };
}

function kindFor(type: NarrowType, random: SeededRandom): MemberPlan["kind"] {
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

function makeOrder(around: Around, { type, id, to }: { type: NarrowType; id: string; to: Address }): Order | undefined {
  const { random, members } = around;
  const peers = [...members].filter(([address, { kind }]) => kind === "clerk" && address !== to).map(([address]) => address);
  const payees = [...members].filter(([address, { kind }]) => kind !== "team" && address !== to).map(([address]) => address);
  const timers = (around.earlier ?? []).filter(({ order }) => order.type === "timer");
  const { before } = around;
  const payee = before?.to === to && before.order.type === "transfer" && random.chance(0.8) ? before.order.to : random.pick(payees);
  switch (type) {
    case "add":
      return { type, id };
    case "transfer":
      return payees.length === 0 ? undefined : { type, id, to: payee, amount: random.int(1, 100), parts: random.pick([1, 1, 2, 3]) };
    case "hint":
      return peers.length === 0 ? undefined : { type, id, to: random.pick(peers) };
    case "question": {
      const times = { timeoutMs: random.pick([100, 1_000, 20_000]), answerMs: random.pick([0, 0, 50, 500]) };
      return peers.length === 0 ? undefined : { type, id, to: random.pick(peers), ...times };
    }
    case "timer":
      return { type, id, delayMs: random.int(0, 2_000) };
    case "cancel":
      return { type, id, timer: timers.length === 0 ? "none" : random.pick(timers).id };
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
      if (to === rootAddress) return { type, id, call: "bounce", child: random.pick(around.tops) };
      const team = members.get(to) as TeamPlan;
      return { type, id, call: random.pick(["terminate", "restart", "restart"]), child: random.pick(team.members).id };
    }
    default:
      return type satisfies never;
  }
}

// What goes wrong

function makeFault({ random, mix, chaosMs, earlier = [] }: Around): FaultPlan {
  // Half of them strike where something goes on.
  const isAimed = earlier.length > 0 && random.chance(0.5);
  const aimMs = isAimed ? random.pick(earlier).atMs + random.int(-2, 5) : random.int(0, chaosMs);
  const atMs = Math.min(Math.max(0, aimMs), chaosMs);
  if (mix.appends.length > 0 && random.chance(0.5))
    return { kind: "append", atMs, how: random.pick(mix.appends), count: random.pick([1, 1, 2, 5, 12]), ms: random.int(1, 400) };
  const tail = random.pick([0, 0.5, 1]);
  return { kind: "crash", atMs, skip: random.int(0, isAimed ? 10 : 30), how: random.pick(mix.crashes), downMs: random.int(0, 200), tail };
}
