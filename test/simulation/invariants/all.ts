import type { Facts } from "../facts.ts";
import {
  askedOnce,
  deliveredInOrder,
  deliveredInTheEnd,
  givenAnswersAreHeard,
  nothingIsSeenBeforeItsCommit,
  nothingIsTakenTwice,
  processedOrDeadLetter,
} from "./delivery.ts";
import { budgetsAreKept } from "./budgets.ts";
import type { Invariant } from "./invariant.ts";
import { acknowledgedIsRemembered, acknowledgedIsStored, livesBeginAfterAnEnd, statesFollowFromTurns } from "./memory.ts";
import {
  callsAreCarriedOutOnce,
  childrenChangeWithTheCode,
  compactionIsUnseen,
  givenUpStaysAway,
  incarnationsRise,
  keptUntilToldOtherwise,
  namesAreKept,
  noMoreChildrenThanAllowed,
  plansAreDecided,
  plansAreNumbered,
  stoppedInReverse,
} from "./plans.ts";
import { backToOneCut, takenAgain, undoneStaysUndone } from "./rollback.ts";
import {
  everybodyAnswers,
  everythingIsGivenBack,
  intensityIsKept,
  numbersAreUsedOnce,
  oneWriterAtATime,
  permanentChildrenRun,
  watchersHearOnce,
} from "./supervision.ts";
import { irreversibleStartsOnce, resultsAreNotRecomputed, timersFireOnce, workComesToAnEnd } from "./time-and-work.ts";

/** What holds in every run; safety first, since what is stuck is often only a consequence. */
const invariants: readonly Invariant[] = [
  acknowledgedIsStored,
  acknowledgedIsRemembered,
  statesFollowFromTurns,
  livesBeginAfterAnEnd,
  oneWriterAtATime,
  numbersAreUsedOnce,
  compactionIsUnseen,
  backToOneCut,
  undoneStaysUndone,
  takenAgain,
  budgetsAreKept,
  plansAreNumbered,
  plansAreDecided,
  callsAreCarriedOutOnce,
  noMoreChildrenThanAllowed,
  nothingIsSeenBeforeItsCommit,
  nothingIsTakenTwice,
  irreversibleStartsOnce,
  resultsAreNotRecomputed,
  deliveredInOrder,
  deliveredInTheEnd,
  processedOrDeadLetter,
  askedOnce,
  givenAnswersAreHeard,
  timersFireOnce,
  watchersHearOnce,
  intensityIsKept,
  permanentChildrenRun,
  workComesToAnEnd,
  incarnationsRise,
  givenUpStaysAway,
  keptUntilToldOtherwise,
  childrenChangeWithTheCode,
  namesAreKept,
  stoppedInReverse,
  everybodyAnswers,
  everythingIsGivenBack,
];

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: string;
  readonly problem: string;
}

/** The first invariant that does not hold; undefined where all do. */
export function findViolation(facts: Facts): Violation | undefined {
  for (const { name, check } of invariants) {
    const problem = check(facts);
    if (problem !== undefined) return { invariant: name, problem };
  }
  return undefined;
}
