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
  /** The newest state of each machine. A tree that has ended cannot be asked any more. */
  readonly states: ReadonlyMap<Address, string>;
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
  readonly #states = new Map<Address, string>();
  readonly #busy = new Set<Address>();
  readonly #retryAtMs = new Map<Address, number>();
  readonly #said = new Map<Address, string>();
  #notes: Note[] = [];
  #view: (() => TreeNode) | undefined;
  #tree: TreeNode | undefined;
  #isStopping = false;
  #beat = 0;

  constructor(organization: string) {
    this.#organization = organization;
    this.#story = new Story(`/${organization}`);
    // The name is the organization's own; before the first verdict nobody has said anything.
    this.#said.set(`/${organization}/gate`, "closed");
  }

  /** The tree stands. */
  start(view: () => TreeNode): void {
    this.#view = view;
    this.#look();
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
        this.#states.set(event.address, event.to);
        if (this.#resting.get(event.address) === event.to) this.#busy.delete(event.address);
        else this.#busy.add(event.address);
        return;
      case "actor-exited":
        this.#busy.delete(event.address);
        // An end that the machine did not come to by itself has no state of its own.
        if (event.exit.kind === "failure" && event.exit.failure.name !== "FailedEnd") this.#states.set(event.address, "failed");
        // The end of the run: the others still stand, and are taken down now.
        if (event.address === `/${this.#organization}/lead`) this.#look();
        return;
      case "actor-started":
        this.#retryAtMs.delete(event.address);
        return;
      case "restart-scheduled":
        this.#retryAtMs.set(event.address, atMs + event.delayMs);
        return;
      default:
    }
  }

  hearEntry(entry: RecordEntry, atMs: number): void {
    this.#note(this.#story.ofEntry(entry, atMs));
    if (entry.kind === "hold") this.#said.set(entry.by, entry.open ? "open" : "closed");
  }

  /** The picture as it is now. */
  picture(nowMs: number): LivePicture {
    return this.#draw(nowMs, this.#phase(this.#look()));
  }

  /** The picture that stays: how it was when the run ended. */
  lastPicture(nowMs: number): LivePicture {
    return this.#draw(nowMs, "ended");
  }

  /** Takes a look at the tree, where there is one. One that is taken down by itself would only show how: the one before counts. */
  #look(): boolean {
    const tree = this.#view?.().children.find(({ address }) => address === `/${this.#organization}`);
    // A supervisor that ends has no children any more a moment before it is gone itself.
    const stands = tree?.status === "running" && tree.children.length > 0;
    if (tree !== undefined && (this.#isStopping || this.#tree === undefined || stands)) this.#tree = tree;
    return tree !== undefined;
  }

  #draw(nowMs: number, phase: LivePicture["phase"]): LivePicture {
    return {
      organization: this.#organization,
      phase,
      elapsedMs: nowMs,
      beat: this.#beat++,
      tree: this.#tree,
      busy: new Set(this.#busy),
      retryInMs: new Map([...this.#retryAtMs].map(([address, atMs]) => [address, Math.max(0, atMs - nowMs)])),
      said: this.#said,
      states: this.#states,
      notes: this.#notes,
    };
  }

  #phase(stands: boolean): LivePicture["phase"] {
    if (this.#view === undefined) return this.#isStopping ? "stopping" : "preparing";
    if (!stands) return "ended";
    return this.#isStopping ? "stopping" : "working";
  }

  #note(notes: readonly Note[]): void {
    for (const note of notes) {
      if (note.kind === "state" || note.kind === "tool") continue;
      // The newest of those that tell the same again stands for all; those of the first time are told together.
      if (note.repeats !== undefined && note.kind === "failure")
        this.#notes = this.#notes.filter(({ repeats }) => repeats !== note.repeats);
      // An alarm that follows on one of the same actor is about the same, and says how far it has come.
      const last = this.#notes.at(-1);
      if (note.kind === "alarm" && last?.kind === "alarm" && last.who === note.who) this.#notes.pop();
      this.#notes.push(note);
    }
    if (this.#notes.length > keptNotes) this.#notes.splice(0, this.#notes.length - keptNotes);
  }
}
