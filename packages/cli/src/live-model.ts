import { basename } from "node:path";
import type { Address, RecordEntry, SystemEvent, TreeNode } from "orgtree";
import { Story, type Note } from "./story.ts";

/** What the picture of a run shows at one moment. Plain data. */
export interface LivePicture {
  readonly organization: string;
  readonly phase: "preparing" | "working" | "stopping" | "ended";
  readonly elapsedMs: number;
  /** Rises with each picture; turns the spinners. */
  readonly beat: number;
  /** The run's supervisor and all below it: undefined before it stands, as it was last when it has ended. */
  readonly tree: TreeNode | undefined;
  /** Actors that are not where they rest. */
  readonly busy: ReadonlySet<Address>;
  /** Milliseconds until the next attempt, of actors that wait for one. */
  readonly retryInMs: ReadonlyMap<Address, number>;
  /** What actors without states say of themselves. */
  readonly said: ReadonlyMap<Address, string>;
  /** What a person would want to be told, oldest first. */
  readonly notes: readonly Note[];
}

/** Notes kept for the picture; no window shows more. */
const keptNotes = 100;

/** Gathers what a picture shows while a run goes on. */
export class LiveModel {
  readonly #organization: string;
  readonly #story: Story;
  readonly #resting = new Map<Address, string>();
  readonly #busy = new Set<Address>();
  readonly #retryAtMs = new Map<Address, number>();
  readonly #said = new Map<Address, string>();
  readonly #notes: Note[] = [];
  #view: (() => TreeNode) | undefined;
  #tree: TreeNode | undefined;
  #isStopping = false;
  #beat = 0;

  constructor(organization: string) {
    this.#organization = organization;
    this.#story = new Story(`/${organization}`);
  }

  /** The tree stands. */
  start(view: () => TreeNode): void {
    this.#view = view;
  }

  /** The run is being stopped. */
  stop(): void {
    this.#isStopping = true;
  }

  hearEvent(event: SystemEvent, atMs: number): void {
    this.#note(this.#story.ofEvent(event, atMs));
    switch (event.type) {
      case "state-changed":
        if (event.from === "") this.#resting.set(event.address, event.to);
        if (this.#resting.get(event.address) === event.to) this.#busy.delete(event.address);
        else this.#busy.add(event.address);
        return;
      case "actor-exited":
        this.#busy.delete(event.address);
        return;
      case "actor-started":
        this.#retryAtMs.delete(event.address);
        return;
      case "restart-scheduled":
        this.#retryAtMs.set(event.address, atMs + event.delayMs);
        return;
      case "emitted":
        if (event.event.type.startsWith("hold-point-"))
          this.#said.set(event.address, event.event.type === "hold-point-opened" ? "open" : "shut");
        return;
      default:
    }
  }

  hearEntry(entry: RecordEntry, atMs: number): void {
    this.#note(this.#story.ofEntry(entry, atMs));
  }

  /** The picture as it is now. */
  picture(nowMs: number): LivePicture {
    const retryInMs = new Map([...this.#retryAtMs].map(([address, atMs]) => [address, Math.max(0, atMs - nowMs)]));
    const tree = this.#view?.().children.find(({ address }) => basename(address) === this.#organization);
    this.#tree = tree ?? this.#tree;
    return {
      organization: this.#organization,
      phase: this.#phase(tree !== undefined),
      elapsedMs: nowMs,
      beat: this.#beat++,
      tree: this.#tree,
      busy: new Set(this.#busy),
      retryInMs,
      said: this.#said,
      notes: this.#notes,
    };
  }

  #phase(stands: boolean): LivePicture["phase"] {
    if (this.#view === undefined) return this.#isStopping ? "stopping" : "preparing";
    if (!stands) return "ended";
    return this.#isStopping ? "stopping" : "working";
  }

  #note(notes: readonly Note[]): void {
    this.#notes.push(...notes.filter(({ kind }) => kind !== "state" && kind !== "tool"));
    if (this.#notes.length > keptNotes) this.#notes.splice(0, this.#notes.length - keptNotes);
  }
}
