/** New plans: numbered, bounded, and known before anybody works by them; children that are started by hand. */
import { childAddress, isWithin, parentAddress, rootAddress, type Address, type SupervisorReport } from "@orgtree/core";
import type { Facts } from "../facts.ts";
import type { JournaledTurn } from "../stored-history.ts";
import type { Invariant } from "./invariant.ts";

export const plansAreNumbered: Invariant = {
  name: "no version of a plan is used twice, and there are no more than allowed",
  check({ members, turnsOf }) {
    for (const [address, member] of members) {
      if (member.kind !== "team" || member.replan === undefined) continue;
      let newest = 1;
      for (const turn of turnsOf.get(address) ?? []) {
        if (turn.cause === "begin" || turn.kind === "end") newest = 1;
        for (const version of versionsIn(turn)) {
          if (version <= newest) return `${address} made plan ${version} after plan ${newest}`;
          newest = version;
        }
        if (newest > member.replan.maxReplans + 1)
          return `${address} made ${newest - 1} new plans, and may make ${member.replan.maxReplans}`;
      }
    }
    return undefined;
  },
};

export const plansAreDecided: Invariant = {
  name: "nobody works by a plan that is not stored",
  check({ members, turns, rollbacks }) {
    const plans = new Map<Address, { readonly position: number; readonly versions: readonly number[] }[]>();
    for (const turn of turns) {
      const { address, position } = turn;
      const team = parentAddress(address);
      const known = plans.get(address) ?? [];
      plans.set(address, known);
      const rollback = turn.took === "rollback" ? rollbacks.find(({ records }) => records.includes(turn)) : undefined;
      // In a life before this one another plan may have been made.
      if (rollback !== undefined) known.push({ position, versions: known.findLast((at) => at.position <= rollback.cut)?.versions ?? [] });
      if (members.get(address)?.kind === "team" && turn.cause === "begin") known.push({ position, versions: [1] });
      for (const version of versionsIn(turn)) known.push({ position, versions: [...(known.at(-1)?.versions ?? []), version] });
      const member = team === undefined ? undefined : members.get(team);
      if (turn.kind === "end" || turn.took === "rollback" || member?.kind !== "team" || member.replan === undefined) continue;
      if (plans.get(team!)?.at(-1)?.versions.includes(turn.plan!) !== true)
        return `turn ${turn.seq} of ${turn.address} belongs to plan ${turn.plan}, which ${team} has not made`;
    }
    return undefined;
  },
};

function versionsIn({ effects }: JournaledTurn): readonly number[] {
  return effects.flatMap(({ kind, detail }) => {
    const { context, decision } = kind === "report" ? (detail["report"] as SupervisorReport) : {};
    return context === "replanned" ? [Number(decision!.slice("plan ".length))] : [];
  });
}

export const callsAreCarriedOutOnce: Invariant = {
  name: "what an actor asks of a supervisor is carried out once",
  check({ turns, rollbacks }) {
    const seen = new Map<string, JournaledTurn>();
    for (const turn of turns) {
      const { took, from, key, address } = turn;
      if (took !== "decision" || from === undefined || key === undefined || turn.cause.startsWith("replan")) continue;
      const name = `${address} ${from} ${key}`;
      const before = seen.get(name);
      // A supervisor that went back is asked again by whoever still waits.
      const wentBack = rollbacks.some(({ records }) => records.some((record) => record.address === address));
      if (before !== undefined && !wentBack)
        return `${address} did what ${from} asked under ${key} in the turns ${before.seq} and ${turn.seq}`;
      seen.set(name, turn);
    }
    return undefined;
  },
};

export const noMoreChildrenThanAllowed: Invariant = {
  name: "a dynamic supervisor has no more children than it may",
  check({ members, turnsOf, rollbacks, living }) {
    for (const [address, member] of members) {
      if (member.kind !== "team" || member.maxChildren === undefined) continue;
      const there = living.get(address)?.children.length ?? 0;
      if (there > member.maxChildren) return `${address} has ${there} children in the end, and may have ${member.maxChildren}`;
      if (rollbacks.some(({ records }) => records.some((record) => record.address === address))) continue;
      const children = new Set<string>();
      let life = 0;
      for (const { cause, kind, effects, incarnation } of turnsOf.get(address) ?? []) {
        // What was being ended when the process died has ended, and needs no decision.
        if (cause === "begin" || kind === "end" || incarnation !== life) children.clear();
        life = incarnation;
        for (const { kind: step, detail } of effects) {
          if (step === "start") children.add(detail["id"] as string);
          if (step === "drop") children.delete(detail["id"] as string);
        }
        if (children.size > member.maxChildren) return `${address} has ${children.size} children, and may have ${member.maxChildren}`;
      }
    }
    return undefined;
  },
};

export const namesAreKept: Invariant = {
  name: "whoever has taken a name, or joined a group, has it as long as it lives",
  check({ timelines, reports, names, groups, history }: Facts) {
    // Where somebody else was quicker the life ends; who is told to go on all the same has no name.
    const resumed = new Set(
      history.events("report").flatMap(({ event: { report } }) => {
        return report.directive === "resume" ? [childAddress(report.supervisor, report.child)] : [];
      }),
    );
    for (const [address, turns] of timelines) {
      if (reports.get(address) === undefined || resumed.has(address)) continue;
      const own = new Set<string>();
      for (const { cause, kind, effects } of turns) {
        if (cause === "init" || kind === "end") own.clear();
        for (const { kind: effect, detail } of effects) {
          if (effect === "register") own.add(`name ${String(detail["name"])}`);
          if (effect === "join") own.add(`group ${String(detail["group"])}`);
          if (effect === "leave") own.delete(`group ${String(detail["group"])}`);
        }
      }
      for (const [name, holder] of names)
        if (own.has(`name ${name}`) !== (holder === address))
          return `${name} is ${holder}, and ${address} has taken it: ${own.has(`name ${name}`)}`;
      for (const [group, those] of groups)
        if (own.has(`group ${group}`) !== those.includes(address))
          return `${group} has ${those.join(", ")}; ${address} joined it: ${own.has(`group ${group}`)}`;
    }
    return undefined;
  },
};

export const incarnationsRise: Invariant = {
  name: "the number of an incarnation is used once",
  check({ turnsOf }) {
    for (const [address, turns] of turnsOf) {
      let newest = 0;
      for (const { kind, took, cause, incarnation, seq } of turns) {
        if (kind === "end") newest = 0;
        if (kind === "end" || took === "rollback") continue; // Says who made the turn that was gone back to.
        const isFresh = cause === "init" || cause === "begin";
        if (isFresh ? incarnation <= newest : incarnation < newest)
          return `turn ${seq} of ${address} is of incarnation ${incarnation}, and there was ${newest} before`;
        newest = incarnation;
      }
    }
    return undefined;
  },
};

export const givenUpStaysAway: Invariant = {
  name: "a child of a template that was ended for good does not come back by itself",
  check({ history, plan, living, members, rollbacks }) {
    const operations = new Map(plan.operations.map((operation) => [operation.id, operation]));
    const ended = new Set<Address>();
    for (const happening of history.all) {
      if (happening.what !== "answered" && happening.what !== "arrived") continue;
      const { to, order } = operations.get(happening.operation)!;
      const team = members.get(to);
      if (order.type !== "admin" || team?.kind !== "team" || team.strategy !== "dynamic") continue;
      if (order.call !== "terminate") ended.delete(childAddress(to, order.child));
      else if (happening.what === "answered") ended.add(childAddress(to, order.child));
    }
    // Whom actors ask may start it at any time, and who goes back has it again.
    const isAsked = plan.operations.some(({ order }) => order.type === "manage");
    if (isAsked || rollbacks.length > 0) return undefined;
    const back = [...ended].find((address) => living.has(address));
    return back === undefined ? undefined : `${back} was ended for good, and is ${living.get(back)!.status}`;
  },
};

export const keptUntilToldOtherwise: Invariant = {
  name: "a tree that was given up stays as it is stored until somebody begins it afresh",
  check({ turns, history }) {
    const kept = new Set<Address>();
    const toldToBegin = history.of("begun-afresh").map(({ id }) => childAddress(rootAddress, id));
    for (const { address, kind, seq, effects } of turns) {
      const top = [...kept].find((each) => isWithin(address, each));
      if (top !== undefined && kind !== "end") return `${top} was given up, and then ${address} took turn ${seq}`;
      if (address !== rootAddress) continue;
      for (const { kind: did, detail } of effects) {
        const place = childAddress(rootAddress, String(detail["id"]));
        if (did === "escalate-to-root") kept.add(place);
        if (did !== "drop" || !kept.delete(place)) continue;
        const told = toldToBegin.indexOf(place);
        if (told < 0) return `${place} was given up, and is not kept by the root since its turn ${seq}`;
        toldToBegin.splice(told, 1);
      }
    }
    return undefined;
  },
};

export const childrenChangeWithTheCode: Invariant = {
  name: "no child is new, or gone, where the code is the same",
  check({ history }) {
    const changed = history.events("report").find(({ event }) => ["child-added", "child-removed"].includes(event.report.context));
    if (changed === undefined) return undefined;
    const { supervisor, child, context } = changed.event.report;
    return `${supervisor} tells ${context} of ${child} at ${changed.atMs}`;
  },
};

export const compactionIsUnseen: Invariant = {
  name: "compaction changes nothing of what the actors are",
  check({ history }) {
    const bad = history.of("compacted").find(({ isSame }) => !isSame);
    return bad === undefined ? undefined : `the images were others after compaction at ${bad.atMs}`;
  },
};

export const stoppedInReverse: Invariant = {
  name: "children are stopped in the reverse of their order",
  isStuck: true,
  check({ history, tree, members }) {
    const closing = history.all.findLastIndex(({ what }) => what === "closing");
    const exits = history.all
      .slice(closing)
      .flatMap((each) => (each.what === "event" && each.event.type === "actor-exited" ? [each.event.address] : []));
    const ranOut = [...members.values()].some(({ budget }) => budget?.turns !== undefined); // They may end when they are asked.
    const visit = (node: typeof tree): string | undefined => {
      if (ranOut) return undefined;
      const isStatic = members.get(node.address)?.kind === "team" && node.label !== "dynamic";
      const ran = node.children
        .filter(({ status }) => status === "running")
        .map(({ address }) => address)
        .reverse();
      const ended = exits.filter((address) => ran.includes(address));
      if (isStatic && ended.join() !== ran.join()) return `${node.address} had ${ran.join(", ")} to stop, and stopped ${ended.join(", ")}`;
      for (const child of node.children) {
        const problem = visit(child);
        if (problem !== undefined) return problem;
      }
      return undefined;
    };
    return visit(tree);
  },
};
