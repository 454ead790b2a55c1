import type { Incarnation } from "../actor/incarnation.ts";

/** What is done for a life when its tree is there again. */
export interface RecoveryWork {
  goOn(): void;
  /** When all others have gone on too: what may fail it, of which those have to hear who wait for its answers. */
  begin?(): void;
  /** It has ended meanwhile: only what it had sent, which belongs to its place. */
  handOver(): void;
}

/** A life that waits for that. */
export interface Recovering {
  readonly life: Incarnation;
  readonly work: RecoveryWork;
}
