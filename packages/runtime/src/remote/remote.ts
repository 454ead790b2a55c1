import {
  parentAddress,
  RoleViolationError,
  rootAddress,
  toFailure,
  type Address,
  type Endpoint,
  type SendOptions,
  type SendOutcome,
  type SendRefusal,
  type Transport,
} from "@orgtree/core";
import { resumeToward } from "../actor/resumption.ts";
import type { EffectKey } from "../durable/effect-key.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { HostedPlaces } from "./hosted-places.ts";
import { readParcel, writeParcel, type Parcel } from "./parcel.ts";
import { RemoteChildren } from "./remote-children.ts";
import { RemoteMail } from "./remote-mail.ts";
import { RemoteWatches } from "./remote-watches.ts";

/**
 * The part of a system that deals with other systems: what is for an actor elsewhere goes out as a parcel, and what comes in goes to the
 * actor here.
 *
 * What an actor's books say is owed (`deliver`, durable questions and answers) is sent again from the books when a connection is renewed;
 * what else must not be lost (that something was taken, exit notices) is kept here until it has arrived.
 */
export class Remote {
  readonly mail: RemoteMail;
  readonly watches: RemoteWatches;
  /** Children of supervisors here that live elsewhere, … */
  readonly children: RemoteChildren;
  /** … and children here of supervisors elsewhere. */
  readonly hosted: HostedPlaces;
  readonly #kernel: Kernel;
  readonly #transport: Transport;
  /** By endpoint and by what they are about. */
  readonly #kept = new Map<Endpoint, Map<string, Parcel>>();
  /** Nothing more is said: what ends here goes on elsewhere. */
  #isSilent = false;
  #lastBirth: number;

  constructor(kernel: Kernel, transport: Transport) {
    this.#kernel = kernel;
    this.#transport = transport;
    this.mail = new RemoteMail(kernel, this);
    this.watches = new RemoteWatches(kernel, this);
    this.children = new RemoteChildren(kernel, this);
    this.hosted = new HostedPlaces(kernel, this);
    this.#lastBirth = kernel.clock.epochMs() * 1_000;
  }

  async start(): Promise<void> {
    await this.#transport.start({
      receive: (body, from) => this.#receive(body, from),
      renewed: (endpoint) => this.#renewed(endpoint),
      lost: (endpoint, problem) => this.#lost(endpoint, problem),
    });
    this.hosted.begin();
  }

  /** Says and hears nothing any more. */
  close(): Promise<void> {
    this.#isSilent = true;
    return this.#transport.close();
  }

  /** Says nothing any more of what happens here, and takes nothing that could not be stored: another process goes on with it. */
  silence(): void {
    this.#isSilent = true;
    this.#transport.stopTaking();
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Where this system is reached. */
  get endpoint(): Endpoint {
    return this.#transport.endpoint;
  }

  endpointOf(address: Address): Endpoint {
    return this.#transport.endpointOf(address);
  }

  /** Another process goes on with those there when theirs is gone. */
  outlives(endpoint: Endpoint): boolean {
    return this.#transport.outlives(endpoint);
  }

  /** What the system of a child elsewhere is to know of its tree: what is said of it here, else what was said of the tree that it is in. */
  aboutOf(child: Address): unknown {
    const { placing } = this.#kernel;
    return placing.about?.(child) ?? this.hosted.aboutOf(this.#kernel.topOf(parentAddress(child)!));
  }

  /** The number of a decision where none is stored: greater than those of any process before. */
  newBirth(): number {
    return ++this.#lastBirth;
  }

  /** True for an address that another system hosts. */
  hosts(address: Address): boolean {
    return address !== "/" && this.endpointOf(address) !== this.endpoint;
  }

  /** Tells a sender elsewhere that what he sent was stored; false where he is none of theirs. */
  acknowledge(from: Address, key: EffectKey): boolean {
    if (!this.hosts(from)) return false;
    this.sendKept(this.endpointOf(from), `taken ${from}#${key}`, { type: "taken", from, key });
    return true;
  }

  /** Sends a parcel, unless nothing more is said. */
  sendParcel(to: Endpoint, parcel: Parcel, options: SendOptions): void {
    if (this.#isSilent) return;
    if (parcel.type === "message") return this.#transport.send(to, writeParcel(parcel), options);
    const ended = (outcome: SendOutcome): void => {
      options.ended?.(outcome);
      if (outcome.type === "refused" && outcome.refusal.reason === "forbidden") this.#forbidden(to, parcel, outcome.refusal.problem);
    };
    this.#transport.send(to, writeParcel(parcel), { ...options, ended });
  }

  /** What the runtime itself says there is not let through: no actor did wrong, and somebody has to permit it. */
  #forbidden(to: Endpoint, { type }: Parcel, problem: string): void {
    const error = new RoleViolationError(this.endpoint, `send to ${to}`, `${problem}; permit it there`);
    this.#kernel.logger.error({ endpoint: this.endpoint, to, parcel: type }, error.message);
    this.#kernel.tellRoot(toFailure(error, rootAddress));
  }

  /** Sends what is to arrive whatever happens to the connection. */
  sendKept(to: Endpoint, about: string, parcel: Parcel): void {
    if (this.#isSilent) return;
    let kept = this.#kept.get(to);
    if (kept === undefined) this.#kept.set(to, (kept = new Map()));
    kept.set(about, parcel);
    this.sendParcel(to, parcel, {
      isKept: true,
      ended: () => {
        // What has been replaced since is another one.
        if (kept.get(about) === parcel && parcel.type !== "watch") kept.delete(about);
      },
    });
  }

  /** It need not arrive any more. */
  forgetKept(to: Endpoint, about: string): void {
    this.#kept.get(to)?.delete(about);
  }

  #receive(body: unknown, from: Endpoint): SendRefusal | undefined {
    const parcel = readParcel(body);
    const forged = this.#forgedIn(parcel, from);
    if (forged !== undefined) return { reason: "forged", problem: forged };
    if (parcel.type === "message") return this.mail.receiveMessage(parcel, from);
    if (parcel.type === "order") return this.hosted.hear(parcel, from);
    this.#take(parcel, from);
    return undefined;
  }

  /** Nobody speaks for an actor but the system that hosts it. */
  #forgedIn(parcel: Parcel, from: Endpoint): string | undefined {
    const speaker = parcel.type === "taken" ? this.#kernel.takerOf(parcel.from, parcel.key) : speakerOf(parcel);
    if (speaker === undefined || speaker === rootAddress || this.endpointOf(speaker) === from) return undefined;
    return `${speaker} is not hosted at ${from}`;
  }

  #take(parcel: Exclude<Parcel, { type: "message" | "order" }>, from: Endpoint): void {
    switch (parcel.type) {
      case "answer":
        return this.mail.receiveAnswer(parcel);
      case "taken":
        return this.#kernel.taken(parcel.from, parcel.key);
      case "watch":
        return this.watches.begin(parcel.target, from);
      case "unwatch":
        return this.watches.end(parcel.target, from);
      case "down":
        return this.watches.hearDown(parcel);
      case "news":
        if (this.endpointOf(parcel.address) === from) this.children.hear(parcel);
        return;
      default:
        return parcel satisfies never;
    }
  }

  /** Everything that is owed there goes out again: what the books of actors say, and what is kept here. */
  #renewed(endpoint: Endpoint): void {
    if (this.#isSilent) return;
    const { cells, recovery } = this.#kernel;
    const isThere = (address: Address): boolean => this.endpointOf(address) === endpoint;
    for (const cell of cells.values()) resumeToward(cell, isThere);
    recovery.handOverAgain(isThere);
    for (const [about, parcel] of Array.from(this.#kept.get(endpoint) ?? [])) this.sendKept(endpoint, about, parcel);
    this.children.renewed(endpoint);
    this.hosted.renewed(endpoint);
  }

  #lost(endpoint: Endpoint, problem: string): void {
    // With its process everything there is gone for good.
    if (!this.outlives(endpoint)) {
      this.#kept.delete(endpoint);
      this.watches.lost(endpoint, problem);
    }
    this.children.lost(endpoint, problem);
    this.hosted.lost(endpoint);
  }
}

/** Of whom a parcel says that it comes from; undefined where it is somebody outside of the tree, or a system. */
function speakerOf(parcel: Exclude<Parcel, { type: "taken" }>): Address | undefined {
  switch (parcel.type) {
    case "message":
      return parcel.from;
    case "answer":
      return parcel.by;
    case "down":
      return parcel.target;
    default: // An order and news are looked at by who takes them.
      return undefined;
  }
}
