/** What one event of a run's stream has, as far as it is told here. */
interface News {
  readonly process?: string;
  readonly events: readonly {
    readonly type: string;
    readonly address?: string;
    readonly report?: { readonly child: string; readonly decision: string };
  }[];
  readonly entries: readonly {
    readonly kind: string;
    readonly by?: string;
    readonly tool?: string;
    readonly open?: boolean;
    readonly what?: string;
    readonly outcome?: { readonly passed?: boolean };
  }[];
}

/** Tells the story of a run, and remembers where each agent was. */
export class Story {
  readonly #say: (text: string) => void;
  /** By agent: the processes in which it did something, in order. */
  readonly #seen = new Map<string, string[]>();
  /** The process that does the run. */
  process = "?";
  /** Things that were done. */
  told = 0;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  hear(data: unknown): void {
    const { process, events, entries } = data as News;
    if (process !== undefined) {
      this.process = process;
      this.#say(`— on ${process}`);
    }
    for (const { type, report } of events)
      if (type === "report" && report !== undefined) this.#say(`  decided  ${report.child}: ${report.decision}`);
    for (const entry of entries) this.#tell(entry);
  }

  /** Where each agent ran. */
  whereabouts(): string {
    const width = Math.max(0, ...Array.from(this.#seen.keys(), ({ length }) => length));
    return Array.from(this.#seen, ([agent, places]) => `${agent.padEnd(width)}  ${places.join(" → ")}`).join("\n");
  }

  #tell({ kind, by = "", tool, open: isOpen, what, outcome }: News["entries"][number]): void {
    const agent = by.slice(by.lastIndexOf("/") + 1);
    if (agent !== "") this.#saw(agent);
    this.told++;
    const detail = tool ?? what ?? (isOpen === undefined ? undefined : isOpen ? "opened" : "stays closed") ?? said(outcome?.passed);
    this.#say(`  ${this.process}  ${agent.padEnd(9)} ${kind}${detail === undefined ? "" : ` ${detail}`}`);
  }

  #saw(agent: string): void {
    const places = this.#seen.get(agent) ?? [];
    this.#seen.set(agent, places);
    if (places.at(-1) !== this.process) places.push(this.process);
  }
}

function said(passed: boolean | undefined): string | undefined {
  return passed === undefined ? undefined : passed ? "passed" : "failed";
}
