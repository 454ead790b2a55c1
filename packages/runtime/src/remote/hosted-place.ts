import {
  checkChildOf,
  ExpectedError,
  idOf,
  noAmount,
  perDimension,
  shutdownExit,
  toFailure,
  type Address,
  type Amount,
  type CheckedChildSpec,
  type ChildSpec,
  type Endpoint,
  type Failure,
  type SupervisionEvent,
} from "@orgtree/core";
import { Cell } from "../actor/cell.ts";
import type { Supervisor } from "../actor/supervisor-link.ts";
import type { Stored } from "../durable/stored-past.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { typeOfLogic, type Logic } from "../logic.ts";
import { nodeLost } from "./parcel.ts";
import type { News, Order, PlaceEnd, Suspended, Terms } from "./placement.ts";
import type { Remote } from "./remote.ts";

/** What a place needs of the system it is in. */
export interface HostedPlaceParts {
  readonly kernel: Kernel;
  readonly remote: Remote;
  /** It was replaced, and cannot store anything any more. */
  readonly fenced: () => void;
}

/** The place of a child whose supervisor lives in another system: it is told what to do, and tells how it is. See `placement.ts`. */
export class HostedPlace implements Supervisor {
  readonly address: Address;
  /** Where its supervisor is. */
  readonly from: Endpoint;
  birth = -1;
  about: unknown;
  /** Nobody above it is here; what it may spend was set aside where its supervisor is. */
  readonly account = undefined;
  planVersion: number | undefined;
  readonly #parts: HostedPlaceParts;
  #cell: Cell | undefined;
  #isUp = false;
  #info: unknown;
  #suspended: Suspended | undefined;
  #failures = 0;
  #end: PlaceEnd | undefined;
  /** Whoever lives here is ended, and nobody wants to hear of it. */
  #isEnding = false;
  #whenOver: (() => void) | undefined;

  constructor(parts: HostedPlaceParts, address: Address, from: Endpoint) {
    this.#parts = parts;
    this.address = address;
    this.from = from;
  }

  // What its supervisor says

  /** It is to live: a life with another birth is another one, and ends (P2). */
  run(order: Order): void {
    const { spec, about, planVersion } = order.terms!;
    this.about = about;
    this.planVersion = planVersion;
    if (order.birth !== this.birth) return this.#start(order);
    const cell = this.#cell;
    if (cell?.life !== undefined) cell.spec = { ...cell.spec, ...termsOf(spec) };
    if (this.#suspended !== undefined && this.#suspended.number === order.resumed) {
      this.#suspended = undefined;
      cell?.resume();
    }
    this.tell();
  }

  #start(order: Order): void {
    const { birth, terms, isUp } = order;
    const { kernel } = this.#parts;
    this.#begin(birth);
    let spec: CheckedChildSpec<Logic>;
    let stored: Stored | undefined;
    try {
      spec = this.#specOf(terms!);
      stored = kernel.past.take(this.address);
    } catch (error) {
      // What is stored of it is all that there is: a program that can go on with it may come.
      if (kernel.past.has(this.address)) kernel.past.park(this.address, error);
      return this.#startFailed(toFailure(error, this.address));
    }
    const cell = this.#place(spec);
    if (isUp && stored?.durable.books.birth !== birth) {
      // What it owes is owed by whoever comes (P3).
      if (stored !== undefined) cell.books = stored.durable.books;
      const failure = nodeLost(this.address, `no life of it is found at ${this.#parts.remote.endpoint}`);
      this.#end = { kind: "exited", exit: { kind: "failure", failure } };
      return this.tell();
    }
    const { spent } = terms!;
    const known = kernel.past.spentWithin(this.address);
    kernel.accounts.grant(this.address, spec.budget!, {
      above: undefined,
      nowMs: kernel.clock.nowMs(),
      spent: perDimension((name) => Math.max(known[name], spent[name])),
    });
    cell.start(birth, stored);
    kernel.recovery.release(this.address);
  }

  /** Whoever was here is no more. */
  #begin(birth: number): void {
    this.#isEnding = true;
    this.#cell?.life?.kill();
    this.#isEnding = false;
    this.birth = birth;
    this.#isUp = false;
    this.#info = this.#suspended = this.#end = undefined;
  }

  #place(spec: CheckedChildSpec<Logic>): Cell {
    const { kernel } = this.#parts;
    if (this.#cell === undefined) {
      this.#cell = new Cell(kernel, { address: this.address, supervisor: this }, spec);
      kernel.cells.set(this.address, this.#cell);
    }
    this.#cell.spec = spec;
    return this.#cell;
  }

  /** Its rules are its supervisor's; its logic is this system's. Throws `UnknownSpecError`, `SpecError`. */
  #specOf({ spec, about }: Terms): CheckedChildSpec<Logic> {
    const { kernel, remote } = this.#parts;
    const known = kernel.placing.specOf?.(this.address, about);
    if (known === undefined) throw new UnknownSpecError(this.address, remote.endpoint);
    const flags = { strategy: "one-for-one", autoShutdown: "any-significant" } as const;
    const own = { ...termsOf(spec), id: idOf(this.address), logic: known.logic } as ChildSpec<Logic>;
    return checkChildOf(flags, own, { field: this.address, typeOf: typeOfLogic });
  }

  /** It is to end: in order, or with the failure that it waits with. */
  stop({ want, birth }: Order): void {
    if (birth !== this.birth) this.#begin(birth);
    const life = this.#cell?.life;
    if (life === undefined) {
      this.#end ??= { kind: "exited", exit: shutdownExit };
      return this.tell();
    }
    if (want === "stop") return life.stop(shutdownExit);
    if (life.phase === "suspended") return life.endSuspended();
    life.kill(); // It was resumed by a loss of its process, and its supervisor has decided otherwise.
  }

  /** The place is given up. */
  leave(want: "forget" | "drop"): void {
    this.#isEnding = true;
    this.#suspended = undefined;
    this.#end = { kind: "gone" };
    const cell = this.#cell;
    if (want === "forget") cell?.forget();
    else cell?.drop();
  }

  /** Ends in order. Nobody is told: its system is gone then. */
  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const life = this.#cell?.life;
    if (life === undefined) resolve();
    else {
      this.#isEnding = true;
      this.#whenOver = resolve;
      life.stop(shutdownExit);
    }
    return promise;
  }

  // What it says

  hear(event: SupervisionEvent<Logic>): void {
    switch (event.kind) {
      case "started":
        this.#isUp = true;
        this.#info = event.info;
        return this.tell();
      case "failed":
        this.#suspended = { number: `${this.#cell!.incarnations}.${++this.#failures}`, failure: event.failure };
        return this.tell();
      case "start-failed":
        return this.#startFailed(event.failure);
      case "start-ignored":
        return this.#ended({ kind: event.kind, exit: shutdownExit });
      case "exited":
        if (event.exit.kind === "failure" && event.exit.failure.class === "fenced") this.#parts.fenced();
        return this.#ended({ kind: event.kind, exit: event.exit });
      default: // A place hears nothing else.
        return;
    }
  }

  #startFailed(failure: Failure): void {
    this.#ended({ kind: "start-failed", failure, isParked: this.#parts.kernel.past.isParked(this.address) });
  }

  #ended(end: PlaceEnd): void {
    this.#whenOver?.();
    if (this.#isEnding) return;
    this.#suspended = undefined;
    this.#end = end;
    this.tell();
  }

  /** Tells its supervisor's system how it is. */
  tell(): void {
    this.#send(this.#news());
  }

  #news(): News {
    const { address, birth } = this;
    return {
      type: "news",
      address,
      birth,
      incarnation: this.#cell?.incarnations ?? 0,
      isUp: this.#isUp,
      info: this.#info,
      suspended: this.#suspended,
      end: this.#end,
      spent: this.#spent,
    };
  }

  #send(news: News): void {
    const { kernel, remote } = this.#parts;
    remote.sendParcel(this.from, news, {
      isKept: true,
      ended: (outcome) => {
        if (outcome.type !== "refused" || news.birth !== this.birth) return;
        // What its code gave back is no plain data: the rest is told.
        const { address } = this;
        kernel.logger.warn({ address, problem: outcome.refusal.problem }, "what an actor gave back cannot be sent to its supervisor");
        const bare = bareNews(news);
        if (bare !== undefined) this.#send(bare);
      },
    });
  }

  get #spent(): Amount {
    const account = this.#cell?.ownAccount;
    if (account === undefined) return this.#cell === undefined ? this.#parts.kernel.past.spentWithin(this.address) : noAmount;
    const { turns, tokens, usd } = account.spent();
    return { turns, tokens, microUsd: Math.round(usd * 1e6) };
  }
}

/** Of what everybody below it spends there is one account. */
function termsOf(spec: Terms["spec"]): Terms["spec"] {
  return { ...spec, budget: spec.budget ?? {} };
}

/** The same without what its code gave back; undefined where nothing was. */
function bareNews({ info, end, ...rest }: News): News | undefined {
  const exit = end?.kind === "exited" ? end.exit : undefined;
  const said = exit?.kind === "normal" ? exit.output : exit?.kind === "shutdown" ? exit.info : undefined;
  if (info === undefined && said === undefined) return undefined;
  const bare = exit?.kind === "normal" ? { kind: exit.kind, state: exit.state } : exit?.kind === "shutdown" ? shutdownExit : exit;
  return { ...rest, info: undefined, end: bare === undefined ? end : { kind: "exited", exit: bare } };
}

/** A child is to live in a system that does not know what runs there. */
export class UnknownSpecError extends ExpectedError {
  override readonly name = "UnknownSpecError";
  readonly retryable = false;
  readonly address: Address;
  readonly endpoint: Endpoint;

  constructor(address: Address, endpoint: Endpoint) {
    super(`what runs at ${address} is not known at ${endpoint}, and code is not sent: give createActorSystem there a specOf that knows it`);
    this.address = address;
    this.endpoint = endpoint;
  }
}
