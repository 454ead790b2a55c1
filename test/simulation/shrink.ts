import { checkPlan } from "./check-seed.ts";
import type { Violation } from "./invariants/all.ts";
import type { MemberPlan, Plan } from "./plan.ts";

/** Runs that are made at most to shrink one plan. */
const mostRuns = 400;

/** A smaller plan in which the same invariant fails. */
export function shrinkFailure(plan: Plan, { invariant }: Violation): Promise<Plan> {
  return shrink(plan, async (candidate) => (await checkPlan(candidate)).violation?.invariant === invariant);
}

/**
 * A smaller plan that still fails: delta debugging over faults, operations and actors. What is left out of
 * a run shifts the rest in time, so what is found is small, not smallest.
 */
export async function shrink(plan: Plan, stillFails: (candidate: Plan) => Promise<boolean>): Promise<Plan> {
  let runs = 0;
  const fails = async (candidate: Plan): Promise<boolean> => runs++ < mostRuns && (await stillFails(candidate));
  let smaller = plan;
  for (let size = Infinity; sizeOf(smaller) < size;) {
    size = sizeOf(smaller);
    smaller = await shrinkList(smaller, smaller.operations, { with: (operations) => ({ ...smaller, operations }), fails });
    smaller = await shrinkList(smaller, smaller.faults, { with: (faults) => ({ ...smaller, faults }), fails });
    for (const members of fewerMembers(smaller.members)) {
      const candidate = { ...smaller, members };
      if (sizeOf(candidate) < sizeOf(smaller) && (await fails(candidate))) smaller = candidate;
    }
  }
  return smaller;
}

function sizeOf({ operations, faults, members }: Plan): number {
  return operations.length + faults.length + countMembers(members);
}

function countMembers(members: readonly MemberPlan[]): number {
  return members.reduce((sum, member) => sum + 1 + (member.kind === "team" ? countMembers(member.members) : 0), 0);
}

/** How a plan is made of a shorter list, and whether it still fails. */
export interface Trial<T, P> {
  with(list: readonly T[]): P;
  fails(plan: P): Promise<boolean>;
}

/** Leaves out halves, then quarters, down to single ones. */
export async function shrinkList<T, P>(plan: P, list: readonly T[], trial: Trial<T, P>): Promise<P> {
  let left = list;
  let best = plan;
  for (let chunk = Math.ceil(list.length / 2); chunk >= 1; chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)) {
    for (let at = 0; at < left.length;) {
      const fewer = [...left.slice(0, at), ...left.slice(at + chunk)];
      const candidate = trial.with(fewer);
      if (await trial.fails(candidate)) {
        left = fewer;
        best = candidate;
      } else {
        at += chunk;
      }
    }
  }
  return best;
}

/** The members without one of them, or with one in place of the team that it is in. */
function fewerMembers(members: readonly MemberPlan[]): readonly (readonly MemberPlan[])[] {
  return members.flatMap((member, at) => {
    const others = (...instead: readonly MemberPlan[]): readonly MemberPlan[] => [
      ...members.slice(0, at),
      ...instead,
      ...members.slice(at + 1),
    ];
    if (member.kind !== "team") return [others()];
    return [others(), ...fewerMembers(member.members).map((fewer) => others({ ...member, members: fewer }))];
  });
}
