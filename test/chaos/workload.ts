// What the nodes of the chaos test host: counters, those who feed and ask them, accounts, and an organization whose tools write to a ledger.
// LEDGER names the ledger, CHAOS_VERSION the version of the counters' logic (1 or 2): nodes with both run at the same time.
import { agent, callTool, type ModelClient, organization, plain, say, scriptedModel, systemClock, type Tool, type ToolKind } from "orgtree";
import type { Address } from "@orgtree/core";
import { writeLedger } from "./ledger.ts";

const ledger = process.env["LEDGER"] ?? "/dev/null";
const version = process.env["CHAOS_VERSION"] ?? "1";

/** What was taken from one sender: the newest number, and what was answered to it. */
export interface Lane {
  readonly last: number;
  readonly value: number;
}

/** A call from outside, by a client that makes one after the other and repeats what was not answered. */
export interface Numbered {
  readonly client: string;
  readonly n: number;
}

export interface CounterState {
  /** As version 1 calls it. */
  readonly sum?: number;
  /** As version 2 does. */
  readonly total?: number;
  readonly migrations: number;
  readonly lanes: Readonly<Record<string, Lane>>;
  /** What should not have happened. */
  readonly wrong: readonly string[];
}

type CounterMessage = "get" | ({ readonly type: "add" } & Numbered) | { readonly type: "feed" | "question"; readonly n: number };

function sumOf({ sum, total }: CounterState): number {
  return sum ?? total ?? 0;
}

function withSum({ migrations, lanes, wrong }: CounterState, sum: number): CounterState {
  return { ...(version === "2" ? { total: sum } : { sum }), migrations, lanes, wrong };
}

/** Most complaints that are kept; one is enough to fail. */
const mostWrong = 20;

function complain(wrong: readonly string[], problem: string | undefined): readonly string[] {
  return problem === undefined || wrong.length >= mostWrong ? wrong : [...wrong, problem];
}

const counter = plain<CounterState, CounterMessage>({
  version,
  // Both ways: a partition may come back to a node of the older version.
  migrate: ({ state }) => {
    const old = state as CounterState;
    return { ...withSum(old, sumOf(old)), migrations: old.migrations + 1 };
  },
  init: () => withSum({ migrations: 0, lanes: {}, wrong: [] }, 0),
  receive(state, message, turn) {
    if (message === "get") {
      turn.reply(state);
      return state;
    }
    const isAsked = message.type === "add";
    const sender = isAsked ? message.client : `${message.type} ${turn.from}`;
    const { last = 0, value = 0 } = state.lanes[sender] ?? {};
    const { n } = message;
    if (isAsked && n <= last) {
      // A repetition, or an earlier attempt that comes late.
      turn.reply({ n: last, value });
      return state;
    }
    const isNext = message.type === "question" ? n > last : n === last + 1;
    const wrong = complain(state.wrong, isNext ? undefined : `${turn.address} took ${n} of "${sender}" behind ${last}`);
    const sum = sumOf(state) + 1;
    if (message.type === "feed") turn.deliver(turn.from!, { type: "fed", n });
    else turn.reply({ n, value: sum });
    return withSum({ ...state, wrong, lanes: { ...state.lanes, [sender]: { last: n, value: sum } } }, sum);
  },
});

/** To each of its counters a feeder delivers numbers, and asks one question after the other. */
export interface FeederState {
  readonly isOn: boolean;
  readonly sent: Readonly<Record<Address, number>>;
  readonly taken: Readonly<Record<Address, number>>;
  readonly asked: Readonly<Record<Address, number>>;
  /** The question that waits for its answer; 0 for none. */
  readonly open: Readonly<Record<Address, number>>;
  readonly answered: number;
  readonly unanswered: number;
  readonly wrong: readonly string[];
}

/** Deliveries to one counter that were not taken yet. */
const window = 20;
const tickMs = 150;
const questionMs = 15_000;

type FeederMessage = "get" | "stop" | { readonly type: "fed"; readonly n: number };

const feeder = plain<FeederState, FeederMessage, readonly Address[]>({
  init(targets, turn) {
    turn.setTimer("tick", tickMs);
    const none = Object.fromEntries(targets.map((target) => [target, 0]));
    return { isOn: true, sent: none, taken: none, asked: none, open: none, answered: 0, unanswered: 0, wrong: [] };
  },
  receive(state, message, turn) {
    if (message === "get" || message === "stop") {
      const next = message === "stop" ? { ...state, isOn: false } : state;
      if (message === "stop") turn.cancelTimer("tick");
      turn.reply(next);
      return next;
    }
    const from = turn.from!;
    const before = state.taken[from]!;
    const problem = message.n === before + 1 ? undefined : `${turn.address} heard of ${message.n} from ${from} behind ${before}`;
    return { ...state, taken: { ...state.taken, [from]: message.n }, wrong: complain(state.wrong, problem) };
  },
  signal(state, signal, turn) {
    if (signal.type === "orgtree.timer" && state.isOn) {
      turn.setTimer("tick", tickMs);
      const [sent, asked, open] = [{ ...state.sent }, { ...state.asked }, { ...state.open }];
      for (const to of Object.keys(sent) as Address[]) {
        if (sent[to]! - state.taken[to]! < window) turn.deliver(to, { type: "feed", n: ++sent[to]! });
        if (open[to] !== 0) continue;
        const n = (open[to] = ++asked[to]!);
        turn.ask(to, { type: "question", n }, { tag: `${to} ${n}`, timeoutMs: questionMs });
      }
      return { ...state, sent, asked, open };
    }
    if (signal.type !== "orgtree.reply" && signal.type !== "orgtree.ask-failed") return state;
    const [to, number] = signal.tag.split(" ") as [Address, string];
    const isOpen = state.open[to] === Number(number);
    let wrong = complain(state.wrong, isOpen ? undefined : `${turn.address} got a second answer to "${signal.tag}"`);
    if (signal.type === "orgtree.ask-failed")
      return { ...state, wrong, open: { ...state.open, [to]: 0 }, unanswered: state.unanswered + 1 };
    const { n } = signal.value as { readonly n: number };
    if (n !== Number(number)) wrong = complain(wrong, `${turn.address} asked "${signal.tag}", and the answer is to ${n}`);
    return { ...state, wrong, open: { ...state.open, [to]: 0 }, answered: state.answered + 1 };
  },
});

export interface AccountState {
  readonly balance: number;
  readonly lanes: Readonly<Record<string, Lane>>;
  readonly put: Readonly<Record<Address, number>>;
  readonly got: Readonly<Record<Address, number>>;
  readonly wrong: readonly string[];
}

type AccountMessage =
  | "get"
  | ({ readonly type: "transfer"; readonly to: Address; readonly amount: number } & Numbered)
  | { readonly type: "deposit"; readonly n: number; readonly amount: number };

const account = plain<AccountState, AccountMessage, number>({
  init: (balance): AccountState => ({ balance, lanes: {}, put: {}, got: {}, wrong: [] }),
  receive(state, message, turn) {
    if (message === "get") {
      turn.reply(state);
      return state;
    }
    if (message.type === "deposit") {
      const from = turn.from!;
      const before = state.got[from] ?? 0;
      const problem = message.n === before + 1 ? undefined : `${turn.address} got deposit ${message.n} of ${from} behind ${before}`;
      const wrong = complain(state.wrong, problem);
      return { ...state, balance: state.balance + message.amount, got: { ...state.got, [from]: message.n }, wrong };
    }
    const { client, n, to, amount } = message;
    const { last = 0, value = 0 } = state.lanes[client] ?? {};
    if (n <= last) {
      turn.reply({ n: last, value });
      return state;
    }
    const wrong = complain(state.wrong, n === last + 1 ? undefined : `${turn.address} took ${n} of "${client}" behind ${last}`);
    const moved = Math.min(amount, state.balance);
    const put: Record<Address, number> = { ...state.put, [to]: (state.put[to] ?? 0) + 1 };
    turn.deliver(to, { type: "deposit", n: put[to]!, amount: moved });
    turn.reply({ n, value: moved });
    return { ...state, balance: state.balance - moved, put, wrong, lanes: { ...state.lanes, [client]: { last: n, value: moved } } };
  },
});

export const actors = {
  counter: () => ({ logic: counter }),
  feeder: (input: unknown) => ({ logic: feeder, input }),
  account: (input: unknown) => ({ logic: account, input }),
};

/** A tool that takes a while, and says in the ledger when it begins and ends. */
function tool(kind: ToolKind): Tool {
  const waits = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  return {
    name: kind,
    description: `Does something that is ${kind}.`,
    kind,
    parameters: { type: "object", properties: {}, additionalProperties: false },
    async run(_input: unknown, { key }: { readonly key: string }) {
      writeLedger(ledger, { what: kind, step: "begin", key });
      await waits(40 + Math.random() * 160);
      writeLedger(ledger, { what: kind, step: "end", key });
      return "done";
    },
    ...(kind === "compensable" && {
      async undo(_input: unknown, _output: unknown, { key }: { readonly key: string }) {
        writeLedger(ledger, { what: kind, step: "undo-begin", key });
        await waits(20);
        writeLedger(ledger, { what: kind, step: "undo-end", key });
      },
    }),
  } as Tool;
}

/** What a run may spend; a clean one needs about a tenth of it, and each call whose outcome nobody knows is paid at its worst case. */
const runTokens = 400_000;
/** What any run of the workload may spend: the crew of the bug-fix example has a larger budget. */
export const mostTokens = 1_000_000;
/** The name of the organization. */
export const chores = "chores";
export const lastWords = "All is done.";

// oxlint-disable-next-line import/no-default-export -- as the nodes want it
export default organization({
  name: chores,
  risk: "low",
  agents: { hand: agent({ purpose: "Do the chores.", tools: ["pure", "idempotent", "compensable", "irreversible"] }) },
  tools: () => [tool("pure"), tool("idempotent"), tool("compensable"), tool("irreversible")],
  budget: { tokens: runTokens },
});

const calls = ["idempotent", "pure", "compensable", "idempotent", "irreversible", "compensable", "idempotent"];

export const demo = {
  script: (thinkMs: number): ModelClient => {
    const steps = [...calls.map((name) => callTool(name, {})), say(lastWords)];
    return ledgered(
      scriptedModel(
        steps.map((reply) => ({ reply, delayMs: thinkMs })),
        { clock: systemClock },
      ),
    );
  },
};

function ledgered(model: ModelClient): ModelClient {
  return {
    provider: model.provider,
    model: model.model,
    isPriced: model.isPriced,
    resume: model.resume,
    worstCase: (request) => model.worstCase(request),
    async complete(request, options) {
      writeLedger(ledger, { what: "model", step: "begin", key: request.key! });
      const answer = await model.complete(request, options);
      writeLedger(ledger, {
        what: "model",
        step: "end",
        key: request.key!,
        tokens: answer.usage.inputTokens + answer.usage.outputTokens,
      });
      return answer;
    },
  };
}
