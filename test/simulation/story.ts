import { describeExit, describeFailure, type SystemEvent } from "@orgtree/core";
import { turnName, type Happening } from "./history.ts";
import { epochAtStartMs } from "./life-line.ts";
import type { MemberPlan, Plan } from "./plan.ts";
import type { Outcome } from "./simulation.ts";

/** A plan as text. */
export function describePlan({ seed, members, operations, faults, chaosMs }: Plan): string {
  const lines = [`plan of seed ${seed}: ${chaosMs} ms of chaos`, ...members.flatMap((member) => describeMember(member, "  "))];
  for (const { atMs, id, to, mode, copiesMs, retries, order } of [...operations].sort((a, b) => a.atMs - b.atMs)) {
    const { type, id: _, ...rest } = order;
    const times = `${copiesMs.length === 0 ? "lost" : `arrives +${copiesMs.join(", +")} ms`}${retries ? ", retried" : ""}`;
    lines.push(`  ${atMs} ms: ${mode} ${to} ${type} ${id} ${JSON.stringify(rest)}, ${times}`);
  }
  for (const { atMs, ...fault } of [...faults].sort((a, b) => a.atMs - b.atMs)) lines.push(`  ${atMs} ms: ${JSON.stringify(fault)}`);
  return lines.join("\n");
}

function describeMember(member: MemberPlan, indent: string): readonly string[] {
  const { kind, id, ...rest } = member;
  if (member.kind !== "team") return [`${indent}${kind} ${id} ${JSON.stringify(rest)}`];
  const { members, ...flags } = member;
  return [`${indent}${kind} ${id} ${JSON.stringify(flags)}`, ...members.flatMap((each) => describeMember(each, `${indent}  `))];
}

/** All that happened in a run, line by line. */
export function describeHistory({ history, turns }: Outcome): string {
  const lines = history.all.map((happening) => `${happening.atMs} [${happening.process}] ${describeHappening(happening)}`);
  const stored = turns.map(
    ({ position, address, seq, kind, atMs, cause, from, message, effects, incarnation }) =>
      `${position} ${turnName({ address, seq })} ${kind} (${incarnation}) at ${atMs - epochAtStartMs}: ${cause} ${shown(message)} from ${from} → ${effects.map((effect) => `${effect.kind} ${shown(effect.detail)}`).join("; ")}`,
  );
  return [...lines, "the journal:", ...stored].join("\n");
}

function describeHappening(happening: Happening): string {
  const { atMs: _, process: __, what, ...rest } = happening;
  return happening.what === "event" ? `event ${describeEvent(happening.event)}` : `${what} ${shown(rest)}`;
}

function describeEvent(event: SystemEvent): string {
  switch (event.type) {
    case "report": {
      const { supervisor, context, child, exit, decision } = event.report;
      return `report ${supervisor} ${context} ${child}: ${describeExit(exit)} → ${decision}`;
    }
    case "actor-exited":
      return `exited ${event.address} (${event.incarnation}) ${describeExit(event.exit)}`;
    case "actor-failed":
      return `failed ${event.address} (${event.incarnation}) ${describeFailure(event.failure)}`;
    case "dead-letter":
      return `dead letter ${event.letter.reason} to ${event.letter.envelope.to} from ${event.letter.envelope.from} ${shown(event.letter.envelope.message)}`;
    default: {
      const { type, atMs: _, ...rest } = event;
      return `${type} ${shown(rest)}`;
    }
  }
}

function shown(value: unknown): string {
  return JSON.stringify(value, (key, each: unknown) => (key === "stack" || key === "shutdownMs" ? undefined : each))?.slice(0, 300) ?? "";
}
