import { parentAddress, type Address } from "@orgtree/core";
import type { Order } from "./order.ts";
import type { FaultPlan, MemberPlan, OperationPlan } from "./plan.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A few things that belong together, and that chance alone would rarely bring together. */
export interface Story {
  readonly operations: readonly OperationPlan[];
  readonly faults: readonly FaultPlan[];
}

/** Where a story is set. */
export interface Setting {
  readonly random: SeededRandom;
  readonly members: ReadonlyMap<Address, MemberPlan>;
  readonly chaosMs: number;
  /** Begins the ids of its operations. */
  readonly id: string;
}

/** One of the stories below; none where nobody is there to play it. */
export function makeStory(setting: Setting): Story | undefined {
  const { random, members } = setting;
  const clerks = [...members].filter(([, { kind }]) => kind === "clerk").map(([address]) => address);
  const presses = [...members].filter(([, { kind }]) => kind === "press").map(([address]) => address);
  const [first, second] = random.shuffle(clerks);
  const stories: (() => Story)[] = [];
  if (second !== undefined) {
    stories.push(
      () => failWhileAsking(setting, first!, second),
      () => failAfterDelivery(setting, first!, second),
    );
  }
  if (first !== undefined)
    stories.push(
      () => failAgainAndAgain(setting, random.pick(oftenRestarted(members) ?? [first])),
      () => storeInSilence(setting, first),
    );
  if (presses.length > 0) stories.push(() => dieAtTheEndOfWork(setting, random.pick(presses)));
  return stories.length === 0 ? undefined : random.pick(stories)();
}

/** Who asked is not there any more when the answer comes; who lives there now has not asked. */
function failWhileAsking({ random, chaosMs, id }: Setting, asker: Address, asked: Address): Story {
  const atMs = random.int(0, chaosMs);
  const answerMs = random.int(20, 200);
  const question: Order = { type: "question", id: `${id}a`, to: asked, timeoutMs: 20_000, answerMs };
  return {
    operations: [
      operation(`${id}a`, { atMs, to: asker, order: question }),
      operation(`${id}b`, { atMs: atMs + random.int(5, answerMs), to: asker, order: { type: "fail", id: `${id}b`, class: "crash" } }),
    ],
    faults: [],
  };
}

/** Who took a delivery begins afresh; then all is dark before its sender has booked that it was taken. */
function failAfterDelivery({ random, chaosMs, id }: Setting, from: Address, to: Address): Story {
  const atMs = random.int(0, chaosMs);
  const failMs = atMs + random.int(8, 30);
  const transfer: Order = { type: "transfer", id: `${id}a`, to, amount: 1, parts: random.int(1, 3) };
  return {
    operations: [
      operation(`${id}a`, { atMs, to: from, order: transfer }),
      operation(`${id}b`, { atMs: failMs, to, order: { type: "fail", id: `${id}b`, class: "crash" } }),
    ],
    faults: [crash(random, failMs + random.int(15, 120))],
  };
}

/** Clerks whose supervisor restarts them, but not often in a while. */
function oftenRestarted(members: Setting["members"]): readonly Address[] | undefined {
  const found = [...members].filter(([address, member]) => {
    const team = members.get(parentAddress(address)!);
    const isStrict = team?.kind === "team" && team.maxRestarts > 0 && team.maxRestarts <= 2 && team.periodMs > 100;
    return isStrict && member.kind === "clerk" && member.onCrash === "restart" && member.restart !== "temporary";
  });
  return found.length === 0 ? undefined : found.map(([address]) => address);
}

/** More often than the intensity of most supervisors allows, with a crash in between or not. */
function failAgainAndAgain({ random, chaosMs, id }: Setting, to: Address): Story {
  const atMs = random.int(0, chaosMs);
  const gapMs = random.int(40, 150);
  const times = Array.from({ length: random.int(2, 4) }, (_, at) => at);
  return {
    operations: times.map((at) =>
      operation(`${id}${"abcd"[at]}`, { atMs: atMs + at * gapMs, to, order: { type: "fail", id: `${id}${"abcd"[at]}`, class: "crash" } }),
    ),
    faults: random.chance(0.6) ? [crash(random, atMs + random.int(15, 2 * gapMs))] : [],
  };
}

/** What is stored is not known to be: until the actor gives up, and a little longer or not. */
function storeInSilence({ random, chaosMs, id }: Setting, to: Address): Story {
  const atMs = random.int(0, chaosMs);
  return {
    operations: [operation(`${id}a`, { atMs, to, order: { type: "add", id: `${id}a` } })],
    faults: [{ kind: "append", atMs: Math.max(0, atMs - 1), count: random.int(4, 9), how: "after", ms: 0 }],
  };
}

/** Messages come just when its work ends, so that its result waits behind them; then all is dark. */
function dieAtTheEndOfWork({ random, chaosMs, id }: Setting, to: Address): Story {
  const atMs = random.int(0, chaosMs);
  const workMs = random.int(10, 100);
  const does = random.pick(["pure", "idempotent", "irreversible"] as const);
  const endMs = atMs + workMs + random.int(-2, 6);
  const note = operation(`${id}b`, { atMs: endMs, to, order: { type: "add", id: `${id}b` } });
  return {
    operations: [
      operation(`${id}a`, { atMs, to, order: { type: "job", id: `${id}a`, does, workMs, succeeds: true } }),
      { ...note, copiesMs: [0, random.int(0, 3), random.int(0, 6)] },
    ],
    faults: [crash(random, endMs + random.int(0, 12))],
  };
}

function operation(id: string, { atMs, to, order }: Pick<OperationPlan, "atMs" | "to" | "order">): OperationPlan {
  return { id, atMs, to, order, mode: "ask", copiesMs: [0], retries: false };
}

function crash(random: SeededRandom, atMs: number): FaultPlan {
  const how = random.pick(["kill", "kill", "kill", "zombie", "close"] as const);
  return { kind: "crash", atMs, skip: random.int(0, 4), how, downMs: random.int(0, 100), tail: random.pick([0, 0.5, 1]) };
}
