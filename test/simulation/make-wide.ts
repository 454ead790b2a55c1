import { childAddress, rootAddress, type Address } from "@orgtree/core";
import { makeWideFaults, makeWideOperations } from "./make-wide-orders.ts";
import { membersOf, type ClerkPlan, type MemberPlan, type Plan, type SeatsPlan, type TeamPlan } from "./plan.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What a run may have besides. */
export const traits = ["budgets", "dynamic", "added", "mailboxes", "names", "rollbacks", "replans", "compaction", "significant"] as const;
export type Trait = (typeof traits)[number];

/** Where operations may go in a wide plan. */
export interface WideAround {
  readonly random: SeededRandom;
  readonly has: ReadonlySet<Trait>;
  readonly chaosMs: number;
  /** Those who do what clerks do. */
  readonly clerks: readonly Address[];
  /** Those of a team by plan. */
  readonly seats: readonly Address[];
  readonly dynamic: readonly Address[];
  /** Supervisors whose children are listed. */
  readonly teams: readonly (readonly [address: Address, children: readonly string[]])[];
}

/** A plan with a few more things in its organization, in what clients want and in what goes wrong. */
export function widen(plan: Plan, random: SeededRandom): Plan {
  const has = new Set(random.shuffle([...traits]).slice(0, random.int(1, 4)));
  const changed = plan.members.map((member) => changeMember(member, { random, has, depth: 0 }));
  const members = [...changed, ...(has.has("dynamic") ? [makeDynamic(random)] : []), ...(has.has("replans") ? makePlanned(random) : [])];
  const around = lookAround({ ...plan, members }, random, has);
  const operations = makeWideOperations(around);
  const faults = makeWideFaults(around, operations);
  return { ...plan, members, operations: [...plan.operations, ...operations], faults: [...plan.faults, ...faults] };
}

interface Changing {
  readonly random: SeededRandom;
  readonly has: ReadonlySet<Trait>;
  readonly depth: number;
}

function changeMember(member: MemberPlan, { random, has, depth }: Changing): MemberPlan {
  const isSignificant = has.has("significant") && member.restart !== "permanent" && depth > 0 && random.chance(0.6);
  const common = {
    budget: has.has("budgets") && random.chance(0.5) ? makeBudget(random, depth) : undefined,
    mailbox: has.has("mailboxes") && member.kind !== "team" && random.chance(0.6) ? random.int(1, 3) : undefined,
    significant: isSignificant ? true : undefined,
  };
  const goesBack = has.has("rollbacks") && random.chance(0.5);
  if (member.kind === "clerk") return { ...member, ...common, onCrash: goesBack ? "rollback" : member.onCrash };
  if (member.kind === "press") return { ...member, ...common };
  const autoShutdown = has.has("significant") ? random.pick(["any-significant", "all-significant"] as const) : undefined;
  const members = member.members.map((each) => {
    const changed = changeMember(each, { random, has, depth: depth + 1 });
    return autoShutdown === undefined ? { ...changed, significant: undefined } : changed;
  });
  return { ...member, ...common, members, autoShutdown, rollsBack: goesBack };
}

function makeBudget(random: SeededRandom, depth: number): NonNullable<TeamPlan["budget"]> {
  const part = 3 ** depth;
  const turns = Math.ceil(random.int(10, 60) / part);
  const tokens = Math.ceil(random.int(30, 200) / part);
  return random.pick([{ turns }, { tokens }, { turns, tokens }]);
}

function makeDynamic(random: SeededRandom): TeamPlan {
  return {
    kind: "team",
    id: "dyn",
    restart: "permanent",
    strategy: "dynamic",
    maxRestarts: random.pick([1, 5, 20]),
    periodMs: 5_000,
    members: [],
    maxChildren: random.int(1, 4),
    rollsBack: random.chance(0.3),
  };
}

/** A planner, and a team that works by its plans; perhaps under one supervisor, which may go back. */
function makePlanned(random: SeededRandom): readonly MemberPlan[] {
  const isWrapped = random.chance(0.6);
  const planner: ClerkPlan = { kind: "clerk", id: "planner", restart: "permanent", onCrash: "restart" };
  const first = makeSeats(random, random.int(0, 3));
  const replan = { planner: childAddress(isWrapped ? "/firm" : rootAddress, "planner"), maxReplans: random.int(1, 3), first };
  const flags = { strategy: "one-for-one", maxRestarts: 20, periodMs: 5_000 } as const;
  const team: TeamPlan = { kind: "team", id: "crew", restart: "permanent", ...flags, members: [], replan, rollsBack: random.chance(0.3) };
  if (!isWrapped) return [planner, team];
  return [{ kind: "team", id: "firm", restart: "permanent", ...flags, members: [planner, team], rollsBack: random.chance(0.3) }];
}

function makeSeats(random: SeededRandom, more: number): SeatsPlan {
  const ids = random.shuffle(["a", "b", "c"]).slice(0, random.int(1, 3));
  const seats = ids.map((id) => ({ id, as: random.pick(["smith", "cook"]) }));
  return { seats, next: more > 0 && random.chance(0.8) ? makeSeats(random, more - 1) : random.pick(["silent", "refuse", "nonsense"]) };
}

function lookAround({ members, chaosMs }: Plan, random: SeededRandom, has: ReadonlySet<Trait>): WideAround {
  const all = [...membersOf(members)];
  const isTeam = (each: MemberPlan): each is TeamPlan => each.kind === "team";
  const teams = all.flatMap(([address, each]) => (isTeam(each) ? [[address, each] as const] : []));
  const seats = teams.flatMap(([address, { replan }]) =>
    replan === undefined ? [] : ["a", "b", "c"].map((id) => childAddress(address, id)),
  );
  const dynamic = teams.flatMap(([address, { strategy }]) => (strategy === "dynamic" ? [address] : []));
  const listed = teams.flatMap(([address, each]) => {
    return each.members.length === 0 ? [] : [[address, each.members.map(({ id }) => id)] as const];
  });
  const added = has.has("added") ? listed.flatMap(([address]) => ["x0p", "x1t"].map((id) => childAddress(address, id))) : [];
  const clerks = all.flatMap(([address, { kind }]) => (kind === "clerk" ? [address] : []));
  const children = dynamic.flatMap((address) => ["d0", "d1", "d2"].map((id) => childAddress(address, id)));
  const top = [rootAddress, members.map(({ id }) => id)] as const;
  return { random, has, chaosMs, clerks: [...clerks, ...children, ...added, ...seats], seats, dynamic, teams: [top, ...listed] };
}
