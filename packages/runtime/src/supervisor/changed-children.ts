import { childAddress, isWithin, type Address, type SpecificationChange, type SupervisionEvent } from "@orgtree/core";
import type { Incarnation } from "../actor/incarnation.ts";
import type { Books } from "../durable/books.ts";
import type { Logic } from "../logic.ts";

/** How a supervisor deals with children that changed in the code, once all of its tree is there again. */
export class ChangedChildren {
  readonly #life: Incarnation;
  readonly #tell: (event: SupervisionEvent<Logic>) => void;

  constructor(life: Incarnation, tell: (event: SupervisionEvent<Logic>) => void) {
    this.#life = life;
    this.#tell = tell;
  }

  /** Not before it is known that everybody can go on: where somebody cannot, the tree stays as it is stored. */
  expect(change: SpecificationChange): void {
    if (change.added.length + change.removed.length === 0) return;
    this.#life.cell.kernel.recovery.whenWhole(this.#life, { goOn: () => this.#decide(change), handOver: () => {} });
  }

  #decide({ added, removed }: SpecificationChange): void {
    const { address, kernel } = this.#life.cell;
    if (kernel.past.isParked(address)) return;
    const settled = removed.filter((id) => !this.#awaits(id));
    if (added.length + settled.length > 0) this.#tell({ kind: "specification-changed", added, removed: settled });
  }

  /** What was sent from there, and not taken yet, would be lost with the place. */
  #awaits(id: string): boolean {
    const { address, kernel } = this.#life.cell;
    const top = childAddress(address, id);
    const owing = new Set<Address>();
    for (const [place, { durable }] of kernel.past.untaken(top)) if (owes(durable.books, top)) owing.add(place);
    for (const place of owing)
      kernel.orphans.whenSettled(place, () => {
        owing.delete(place);
        if (owing.size === 0) this.#tell({ kind: "specification-changed", added: [], removed: [id] });
      });
    return owing.size > 0;
  }
}

/** True where somebody outside of the subtree has not taken something yet. */
function owes({ pending }: Books, top: Address): boolean {
  return Object.values(pending).some((each) => {
    if (each.kind === "deliver") return !isWithin(each.to, top);
    return each.kind === "reply" && each.to.address !== undefined && !isWithin(each.to.address, top);
  });
}
