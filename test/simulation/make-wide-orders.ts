import { rootAddress, type Address } from "@orgtree/core";
import type { Trait, WideAround } from "./make-wide.ts";
import { groupList, nameList, type Order } from "./order.ts";
import type { FaultPlan, OperationPlan } from "./plan.ts";

/** What clients want in a wide plan. */
export function makeWideOperations(around: WideAround): readonly OperationPlan[] {
  const { random, has, chaosMs, clerks } = around;
  const makers = [...has].flatMap((trait) => ordersOf[trait] ?? []);
  const operations: OperationPlan[] = [];
  for (let at = clerks.length === 0 || makers.length === 0 ? 0 : random.int(8, 40); at > 0; at--) {
    const id = `w${at}`;
    const before = operations.at(-1);
    const made = random.chance(0.7) ? random.pick(makers)(around, id) : makeOrdinary(around, id);
    if (made === undefined) continue;
    const to = made.to ?? random.pick(clerks);
    const isNear = before !== undefined && random.chance(0.4);
    const atMs = isNear ? before.atMs + random.int(0, 30) : random.int(0, chaosMs);
    const isAdmin = made.order.type === "admin";
    const mode = isAdmin || random.chance(0.8) ? "ask" : "tell";
    const retries = mode === "ask" && !isAdmin && made.order.type !== "fail" && random.chance(0.4);
    operations.push({ id, atMs, to, order: made.order, mode, copiesMs: [0], retries });
  }
  return operations;
}

interface Made {
  readonly to?: Address;
  readonly order: Order;
}

type Maker = (around: WideAround, id: string) => Made | undefined;

const makeOrdinary: Maker = ({ random, clerks }, id) => {
  const to = random.pick(clerks);
  const other = random.pick(clerks);
  const credit: Order = { type: "transfer", id, to: other, amount: 1, parts: random.int(1, 3) };
  const question: Order = { type: "question", id, to: other, timeoutMs: 20_000, answerMs: random.int(0, 200) };
  const timer: Order = { type: "timer", id, delayMs: random.int(0, 500) };
  return { to, order: random.pick([{ type: "add", id } as const, ...(other === to ? [] : [credit, credit, question]), timer]) };
};

const checkpoint: Maker = (_, id) => ({ order: { type: "checkpoint", id } });
const fail: Maker = (_, id) => ({ order: { type: "fail", id, class: "crash" } });
const leave: Maker = ({ random }, id) => ({ order: { type: "leave", id, exit: random.pick(["normal", "shutdown"]) } });
const admin = (call: (Order & { type: "admin" })["call"]): Maker =>
  function callOne({ random, teams }, id) {
    const [to, children] = random.pick(teams.filter(([, { length }]) => length > 0));
    return { to, order: { type: "admin", id, call, child: random.pick(children) } };
  };

const spend: Maker = ({ random }, id) => {
  const worst = random.int(1, 30);
  return { order: { type: "spend", id, worst, cost: random.int(0, worst), workMs: random.int(0, 100) } };
};

const hold: Maker = ({ random }, id) => ({ order: { type: "hold", id, delayMs: random.int(1, 300) } });

/** Several messages for one who has little room. */
const crowd: Maker = ({ random, clerks }, id) => {
  const [to, other] = random.shuffle(clerks);
  return other === undefined ? undefined : { to: to!, order: { type: "transfer", id, to: other, amount: 1, parts: random.int(2, 6) } };
};

const name: Maker = ({ random }, id) => ({ order: { type: "register", id, name: random.pick(nameList) } });
const group: Maker = ({ random }, id) => {
  return { order: { type: random.pick(["join", "join", "depart", "publish"]), id, group: random.pick(groupList) } };
};

const startOne: Maker = ({ random, dynamic }, id) => {
  const child = random.pick(["d0", "d1", "d2"]);
  return { to: random.pick(dynamic), order: { type: "admin", id, call: random.pick(["start", "start", "terminate"]), child } };
};

/** An actor that is not below it asks a supervisor. */
const manage: Maker = ({ random, dynamic, clerks }, id) => {
  const to = random.pick(dynamic);
  const child = random.pick(["d0", "d1", "d2"]);
  const call = random.pick(["start-child", "start-child", "terminate-child"] as const);
  return { to: random.pick(clerks), order: { type: "manage", id, to, call, child } };
};

const manageListed: Maker = ({ random, teams, clerks }, id) => {
  const [to, children] = random.pick(teams.filter(([address, { length }]) => length > 0 && address !== rootAddress).concat([teams[0]!]));
  if (to === rootAddress) return undefined;
  const call = random.pick(["terminate-child", "restart-child", "restart-child", "rollback-child"] as const);
  return { to: random.pick(clerks), order: { type: "manage", id, to, call, child: random.pick(children) } };
};

const addOne: Maker = ({ random, teams }, id) => {
  const listed = teams.filter(([address]) => address !== rootAddress);
  if (listed.length === 0) return undefined;
  return { to: random.pick(listed)[0], order: { type: "admin", id, call: "start", child: random.pick(["x0p", "x1t"]) } };
};

const failSeat: Maker = ({ random, seats }, id) => ({ to: random.pick(seats), order: { type: "fail", id, class: "crash" } });
const useSeat: Maker = ({ random, seats }, id) => ({ to: random.pick(seats), order: { type: "add", id } });

const ordersOf: Readonly<Partial<Record<Trait, readonly Maker[]>>> = {
  budgets: [spend, spend, spend, fail],
  dynamic: [startOne, startOne, startOne, manage, manage, fail],
  added: [addOne, addOne, fail, leave, manageListed],
  mailboxes: [hold, crowd, crowd],
  names: [name, name, group, group, fail],
  rollbacks: [checkpoint, checkpoint, checkpoint, fail, fail, admin("rollback"), admin("rollback-consenting"), manageListed],
  replans: [failSeat, failSeat, failSeat, useSeat, useSeat],
  significant: [leave, leave, fail],
};

/** What goes wrong, mostly where something of it goes on. */
export function makeWideFaults({ random, has, chaosMs }: WideAround, operations: readonly OperationPlan[]): readonly FaultPlan[] {
  const faults: FaultPlan[] = [];
  for (let left = random.int(0, 3); left > 0 && operations.length > 0; left--) {
    const atMs = Math.min(chaosMs, random.pick(operations).atMs + random.int(0, 40));
    const how = random.pick(["kill", "kill", "kill", "zombie", "close"] as const);
    faults.push({ kind: "crash", atMs, skip: random.int(0, 10), how, downMs: random.int(0, 100), tail: random.pick([0, 0.5, 1]) });
  }
  if (has.has("compaction"))
    for (let left = random.int(1, 5); left > 0; left--)
      faults.push({ kind: "compact", atMs: random.int(0, chaosMs), keep: random.pick([0, 0, 5, 40]) });
  return faults;
}
