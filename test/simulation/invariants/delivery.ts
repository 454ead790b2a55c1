/** Messages: none twice, none lost without a trace, none before its time. */
import { parentAddress, type Address, type ReplyTo } from "@orgtree/core";
import { turnOfKey } from "@orgtree/runtime";
import { countBy, labelOf, type Facts, type Sent } from "../facts.ts";
import { turnName } from "../history.ts";
import { isTakenAgain } from "../rollbacks.ts";
import type { Invariant } from "./invariant.ts";

const pairOf = ({ from, to, type, id }: Omit<Sent, "position">): string => `${type} ${id} from ${from} to ${to}`;

/** Whoever lives at an address that was given up is somebody else: how many lived there before the one who took this. */
function occupantOf({ turns }: Facts, { to, position }: Sent): number {
  return turns.filter((turn) => turn.kind === "end" && turn.address === to && turn.position < position).length;
}

export const nothingIsTakenTwice: Invariant = {
  name: "nothing is taken more often than it was sent",
  check(facts) {
    const { sent, received, history, turns, rollbacks } = facts;
    const sends = countBy(sent, pairOf);
    for (const [key, times] of countBy(received, (each) => `${occupantOf(facts, each)} ${pairOf(each)}`)) {
      const pair = key.slice(key.indexOf(" ") + 1);
      const sentTimes = sends.get(pair) ?? 0;
      if (times > sentTimes) return `${pair} was sent ${sentTimes} times, and taken ${times} times`;
    }
    const arrived = countBy(history.of("arrived"), ({ operation }) => operation);
    const taken = turns
      .filter(({ from, message }) => from === undefined && arrived.has(labelOf(message).id))
      .filter((turn) => !isTakenAgain(turn, rollbacks));
    for (const [id, times] of countBy(taken, ({ message }) => labelOf(message).id))
      if (times > arrived.get(id)!) return `${id} arrived ${arrived.get(id)} times, and was taken ${times} times`;
    return undefined;
  },
};

export const nothingIsSeenBeforeItsCommit: Invariant = {
  name: "nothing of a turn is seen before it is stored",
  check({ sent, received, history }) {
    for (const receipt of received) {
      const pair = pairOf(receipt);
      const earlier = sent.some((each) => each.position < receipt.position && pairOf(each) === pair);
      if (!earlier) return `${pair} was taken before the turn that sent it was stored`;
    }
    const stored = new Set<string>();
    for (const happening of history.all) {
      if (happening.what === "appended") for (const entry of happening.entries) stored.add(turnName(entry));
      if (happening.what !== "work") continue;
      if (!stored.has(turnName(turnOfKey(happening.key)!))) return `work ${happening.key} began before its turn was stored`;
    }
    return undefined;
  },
};

export const deliveredInTheEnd: Invariant = {
  name: "what is delivered arrives, or is a dead letter",
  isStuck: true,
  check(facts) {
    const { sent, received, letters } = facts;
    const receipts = countBy(received, pairOf);
    const lost = countBy(
      letters.filter(({ envelope }) => envelope.from !== undefined),
      ({ envelope }) => pairOf({ from: envelope.from!, to: envelope.to, ...labelOf(envelope.message) }),
    );
    const delivered = sent.filter(({ effect, isDoubtful }) => effect === "deliver" && isDoubtful !== true);
    for (const [pair, times] of countBy(
      delivered.filter(({ to }) => !isWaitedFor(facts, to)),
      pairOf,
    )) {
      const arrived = receipts.get(pair) ?? 0;
      if (arrived < times && !lost.has(pair))
        return `${pair} was delivered ${times} times, arrived ${arrived} times, and is no dead letter`;
    }
    return undefined;
  },
};

/** Who was started by hand and has not been started so again, and whose place was not given up. */
function isWaitedFor({ living, turnsOf }: Facts, to: Address): boolean {
  return !living.has(to) && turnsOf.get(to)?.at(-1)?.kind !== "end" && living.has(parentAddress(to)!);
}

export const deliveredInOrder: Invariant = {
  name: "what is delivered arrives in the order in which it was sent",
  check(facts) {
    const { sent, received, turns } = facts;
    // Who puts some aside takes them in another order.
    const holders = new Set(turns.flatMap(({ address, message }) => (labelOf(message).type === "hold" ? [address] : [])));
    const pairs = new Map<string, string[]>();
    for (const { effect, from, to, id } of sent)
      if (effect === "deliver" && !holders.has(to)) pairs.set(`${from} ${to}`, [...(pairs.get(`${from} ${to}`) ?? []), id]);
    for (const [pair, ids] of pairs) {
      const receipts = received.filter(({ from, to, type }) => type === "credit" && `${from} ${to}` === pair);
      const taken = receipts.map(({ id }) => id);
      let at = -1;
      let occupant = 0;
      for (const receipt of receipts) {
        const next = occupantOf(facts, receipt);
        at = ids.indexOf(receipt.id, next === occupant ? at + 1 : 0);
        occupant = next;
        if (at < 0) return `${pair}: delivered ${ids.join(", ")}, and taken in the order ${taken.join(", ")}`;
      }
    }
    return undefined;
  },
};

/** Of those that came in the last process, since what a process had in its mailboxes goes with it. */
export const processedOrDeadLetter: Invariant = {
  name: "every message that a process saw is processed or a dead letter",
  isStuck: true,
  check({ history, plan, turns, letters, lastProcess }) {
    const arrivals = history.of("arrived");
    for (const { id, order, mode } of plan.operations) {
      const copies = arrivals.filter(({ operation }) => operation === id);
      if (order.type === "admin" || copies.some(({ process }) => process !== lastProcess)) continue;
      const taken = turns.filter(({ from, message }) => from === undefined && labelOf(message).id === id).length;
      const dead = letters.filter(({ envelope }) => envelope.from === undefined && labelOf(envelope.message).id === id).length;
      const refused = history.of("refused").filter(({ operation }) => operation === id).length;
      const strangers = history
        .of("unanswered")
        .filter(({ operation, error }) => operation === id && ["UnknownRecipientError", "MailboxFullError"].includes(error));
      const ends = taken + dead + refused + (mode === "ask" ? strangers.length : 0);
      if (ends < copies.length) return `${id} arrived ${copies.length} times: ${taken} processed, ${dead} dead letters`;
    }
    return undefined;
  },
};

export const askedOnce: Invariant = {
  name: "a question gets one answer, or one reason why there is none",
  check({ timelines, reports, endMs }) {
    for (const [address, turns] of timelines) {
      const open = new Map<string, number>();
      for (const turn of turns) {
        if (turn.cause === "init") open.clear();
        const { tag } = (turn.message ?? {}) as { tag?: string };
        if (turn.cause === "orgtree.reply" || turn.cause === "orgtree.ask-failed") {
          const left = (open.get(tag!) ?? 0) - 1;
          if (left < 0) return `${address} heard of its question ${tag} once too often`;
          open.set(tag!, left);
        }
        for (const { kind, detail } of turn.effects)
          if (kind === "ask") open.set(detail["tag"] as string, (open.get(detail["tag"] as string) ?? 0) + 1);
      }
      if (reports.get(address) === undefined) continue;
      for (const [tag, left] of open) if (left > 0) return `${address} still waits for an answer to ${tag} at ${endMs}`;
    }
    return undefined;
  },
};

/** Long enough for whatever may be in the way of an answer: the disk, and processes that are down. */
const mostUnderwayMs = 5_000;

export const givenAnswersAreHeard: Invariant = {
  name: "an answer that was given is heard",
  isStuck: true,
  check({ turns, turnsOf, history }) {
    // Who was given up is told nothing; that it was may not be stored when everything dies.
    const failed = new Set(history.events("actor-exited").flatMap(({ event }) => (event.exit.kind === "shutdown" ? [] : [event.address])));
    for (const { address, effects, atMs, seq } of turns) {
      for (const { kind, detail } of effects) {
        const asker = (detail["to"] as ReplyTo | undefined)?.address;
        if (kind !== "reply" || asker === undefined || failed.has(asker)) continue;
        const tag = String(detail["value"]).slice("answer to ".length);
        const missed = turnsOf
          .get(asker)
          ?.find((turn) => turn.cause === "orgtree.ask-failed" && (turn.message as { tag: string }).tag === tag);
        const isOther = missed === undefined || missed.atMs < atMs + mostUnderwayMs;
        if (isOther || turnsOf.get(asker)!.filter(({ effects: asked }) => asked.some((effect) => effect.detail["tag"] === tag)).length > 1)
          continue;
        return `${address} answered ${tag} in turn ${seq}, and ${asker} waited for it until ${missed.atMs - atMs} ms later`;
      }
    }
    return undefined;
  },
};
