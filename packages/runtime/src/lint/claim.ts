/**
 * A statement that holds once enough of the statements it rests on do.
 *
 * Claims may rest on one another in a circle; what no fact supports does not hold.
 */
export class Claim {
  holds = false;
  readonly consequences: Claim[] = [];
  #missing: number;

  /** `missing` is how many of its premises must hold: 1 for "any of them", their number for "all". */
  constructor(missing = 1) {
    this.#missing = missing;
  }

  restsOn(premise: Claim): void {
    premise.consequences.push(this);
  }

  /** Makes it a fact, with all that follows from it. Call it when every claim is connected. */
  establish(): void {
    const agenda: Claim[] = [this];
    for (let claim = agenda.pop(); claim; claim = agenda.pop()) {
      if (claim.holds) continue;
      claim.holds = true;
      for (const consequence of claim.consequences) {
        consequence.#missing -= 1;
        if (consequence.#missing <= 0) agenda.push(consequence);
      }
    }
  }
}
