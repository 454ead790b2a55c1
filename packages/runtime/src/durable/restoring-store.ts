import type { Address, NewEntry } from "@orgtree/core";
import type { Incarnation } from "../actor/incarnation.ts";
import { ActorLog } from "./actor-log.ts";
import type { TurnRecord, TurnStore } from "./turn-store.ts";

/**
 * For tests (`SystemOptions.restores`): after each turn a life goes on with a body that is made of the bytes of its turns, as if its process
 * had ended there. Only what is under way outside of the state goes on: work, questions, the mailbox.
 *
 * It stands in front of the store of a system, or in place of one.
 */
export class RestoringStore implements TurnStore {
  readonly isWritten = true;
  readonly #store: TurnStore | undefined;
  readonly #written = new Logs();
  /** They know only what was written. */
  readonly #read = new Logs();
  readonly #prepared = new WeakMap<TurnRecord, NewEntry>();

  constructor(store: TurnStore | undefined) {
    this.#store = store;
  }

  prepare(turn: TurnRecord): void {
    this.#store?.prepare(turn);
    this.#prepared.set(turn, this.#written.of(turn.address).entry(turn));
  }

  async store(turn: TurnRecord): Promise<void> {
    await this.#store?.store(turn);
    const entry = this.#prepared.get(turn)!;
    this.#written.of(turn.address).stored(entry, turn);
    this.#read.of(turn.address).read([{ ...entry, position: 0 }]);
  }

  mayBegin(): Promise<void> | undefined {
    return this.#store?.mayBegin?.();
  }

  /** A life whose turn is stored goes on from what was read. */
  relive(life: Incarnation, { address }: TurnRecord): void {
    const { body, cell } = life;
    const { kernel, spec } = cell;
    if (kernel.leaving || life.phase !== "running" || body === undefined || body.isSupervisor === true) return;
    const heir = kernel.makeBody(life, spec.logic);
    heir.restore(this.#read.of(address).last!.state, body);
    life.body = heir;
  }
}

class Logs {
  readonly #logs = new Map<Address, ActorLog>();

  of(address: Address): ActorLog {
    let log = this.#logs.get(address);
    if (log === undefined) this.#logs.set(address, (log = new ActorLog(address)));
    return log;
  }
}
