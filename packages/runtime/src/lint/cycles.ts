/**
 * The groups of vertices that reach each other in a circle (Tarjan's strongly connected components, SIAM J. Comput. 1972),
 * a single vertex only when it leads to itself.
 *
 * Keeps its own stack, so a long chain does not overflow that of JavaScript. Linear; `successors` is asked once a vertex.
 */
export function findCycles<V>(vertices: Iterable<V>, successors: (vertex: V) => readonly V[]): readonly (readonly V[])[] {
  const search = new Search(successors);
  for (const vertex of vertices) search.from(vertex);
  return search.cycles;
}

/** Names that a description of a circle spells out. */
const shown = 6;

/** A circle in one line, `"a" -> "b" -> "a"`, the middle of a long one left out. */
export function describeCycle(members: readonly { readonly id: string }[]): string {
  const names = members.map(({ id }) => `"${id}"`);
  const middle = names.length > shown ? [...names.slice(0, shown), `… ${names.length - shown} more`] : names;
  return [...middle, names[0]].join(" -> ");
}

/** A vertex on the way from the start of the search to where it is now. */
interface Visit<V> {
  readonly vertex: V;
  readonly index: number;
  readonly successors: readonly V[];
  next: number;
  /** The earliest vertex, by index, that is known to be reached from here and not yet in a finished group. */
  low: number;
}

class Search<V> {
  readonly cycles: (readonly V[])[] = [];
  readonly #successors: (vertex: V) => readonly V[];
  readonly #indices = new Map<V, number>();
  readonly #open = new Set<V>();
  readonly #pending: V[] = [];

  constructor(successors: (vertex: V) => readonly V[]) {
    this.#successors = successors;
  }

  from(start: V): void {
    if (this.#indices.has(start)) return;
    const path = [this.#visit(start)];
    for (let visit = path.at(-1); visit; visit = path.at(-1)) {
      if (visit.next < visit.successors.length) {
        const successor = visit.successors[visit.next++]!;
        if (!this.#indices.has(successor)) path.push(this.#visit(successor));
        else if (this.#open.has(successor)) visit.low = Math.min(visit.low, this.#indices.get(successor)!);
        continue;
      }
      path.pop();
      if (visit.low === visit.index) this.#close(visit);
      const before = path.at(-1);
      if (before) before.low = Math.min(before.low, visit.low);
    }
  }

  #visit(vertex: V): Visit<V> {
    const index = this.#indices.size;
    this.#indices.set(vertex, index);
    this.#open.add(vertex);
    this.#pending.push(vertex);
    return { vertex, index, successors: this.#successors(vertex), next: 0, low: index };
  }

  #close({ vertex, successors }: Visit<V>): void {
    const group = this.#pending.splice(this.#pending.lastIndexOf(vertex));
    for (const member of group) this.#open.delete(member);
    if (group.length > 1 || successors.includes(vertex)) this.cycles.push(group);
  }
}
