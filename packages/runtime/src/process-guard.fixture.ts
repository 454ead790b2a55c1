/**
 * A program for the tests of the process guard, which has to be tried in a process of its own. Its argument names what goes
 * wrong; it prints what became of the actor, and that it is still alive.
 */
import { EventEmitter } from "node:events";
import { readFile } from "node:fs";
import { describeExit, type Address, type Exit } from "@orgtree/core";
import { createMachine, fromCallback, fromPromise, type AnyActorRef } from "xstate";
import { createActorSystem, type ActorSystem } from "./actor-system.ts";
import type { Logic } from "./logic.ts";
import { plain } from "./actor/plain.ts";
import { guardProcess } from "./process-guard.ts";

const boom = (): never => {
  throw new Error("boom");
};
const reject = async (): Promise<void> => {
  await Promise.resolve();
  boom();
};

/** A machine that runs this in a callback. */
const withCallback = (run: () => void): Logic =>
  createMachine({
    initial: "a",
    states: { a: { invoke: { src: fromCallback(() => run()) }, on: { END: "end" } }, end: { type: "final" } },
  });

/** Code that an error escapes from, each in an actor that has to fail for it. */
const strays: Readonly<Record<string, Logic>> = {
  "a timer of a callback": withCallback(() => void setTimeout(boom, 1)),
  "an interval of a callback": withCallback(() => {
    const interval = setInterval(() => {
      clearInterval(interval);
      boom();
    }, 1);
  }),
  "an event of a callback": withCallback(() => {
    const emitter = new EventEmitter();
    setImmediate(() => emitter.emit("error", new Error("boom")));
  }),
  "a file that a callback reads": withCallback(() => readFile(new URL(import.meta.url), boom)),
  "a promise that a callback forgets": withCallback(() => void reject()),
  "an async callback": createMachine({
    initial: "a",
    states: { a: { invoke: { src: fromCallback((async () => reject()) as never) }, on: { END: "end" } }, end: { type: "final" } },
  }),
  "a promise that an action forgets": createMachine({
    initial: "a",
    states: { a: { entry: () => void reject(), on: { END: "end" } }, end: { type: "final" } },
  }),
  "a promise that a call forgets": createMachine({
    initial: "a",
    states: { a: { invoke: { src: fromPromise(() => new Promise(() => void reject())) }, on: { END: "end" } }, end: { type: "final" } },
  }),
  "a timer of a child machine": createMachine({
    initial: "a",
    states: {
      a: { invoke: { src: createMachine({ after: { 20: { actions: () => void setTimeout(boom) } } }) }, on: { END: "end" } },
      end: { type: "final" },
    },
  }),
  "an observer of a child": createMachine({
    initial: "a",
    states: {
      a: {
        invoke: { src: createMachine({}), systemId: "kid" },
        entry: ({ system }) => void (system.get("kid") as AnyActorRef).subscribe(boom),
        on: { END: "end" },
      },
      end: { type: "final" },
    },
  }),
  "a plain actor": plain<null, unknown>({
    init: (_, turn) => {
      turn.run("work", async () => void reject());
      return null;
    },
    receive: (state) => state,
  }),
};

/** Sets a timer as soon as one is due. */
const ticking = createMachine({
  initial: "a",
  states: { a: { after: { 3: { target: "a", reenter: true } }, on: { END: "end" } }, end: { type: "final" } },
});

/** Errors that belong to no living actor. */
const fatal: Readonly<Record<string, () => Promise<unknown>>> = {
  "code outside": async () => void setTimeout(boom, 1),
  "an observer": async () => {
    const system = createActorSystem();
    guardProcess(system);
    system.observe(() => void setTimeout(boom, 1));
    await system.start({ id: "m", logic: withCallback(() => {}) });
  },
  "an actor after the guard": async () => {
    const system = createActorSystem();
    guardProcess(system).stop();
    await system.start({ id: "m", logic: withCallback(() => void setTimeout(boom, 1)) });
  },
};

async function runStrays(): Promise<void> {
  const system = createActorSystem();
  const other = createActorSystem();
  using _guard = guardProcess(system);
  using _otherGuard = guardProcess(other);
  // Its timer is the first of those below, so that they come due while its code seems to run.
  await system.start({ id: "bystander", logic: ticking });
  for (const [at, logic] of Object.values(strays).entries()) {
    const exit = exitOf(system, `/m${at}`);
    await system.start({ id: `m${at}`, restart: "temporary", logic });
    console.log(`${Object.keys(strays)[at]!}: ${describeExit(await exit)}`);
  }
  const bystander = system.tree().children.map(({ address, status }) => `${address} ${status}`);
  console.log(`left: ${bystander.join()}`);
  await system.close();
  await other.close();
}

function exitOf(system: ActorSystem, address: Address): Promise<Exit> {
  return new Promise((resolve) =>
    system.observe((event) => event.type === "actor-exited" && event.address === address && resolve(event.exit)),
  );
}

/** An error of an actor that has ended by then fails nobody. */
async function runLate(): Promise<void> {
  const logged: string[] = [];
  const note = (_facts: object, message: string): void => void logged.push(message);
  const system = createActorSystem({ logger: { debug: note, info: note, warn: note, error: note } });
  using _guard = guardProcess(system);
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = (): never => {
    setImmediate(resolve);
    return boom();
  };
  await system.start({
    id: "m",
    logic: withCallback(
      () =>
        void promise.then(
          () => {},
          () => {},
        ),
    ),
  });
  await system.start({ id: "late", restart: "temporary", logic: withCallback(() => void setTimeout(late, 20)) });
  await system.stop("/late");
  await promise;
  console.log(
    `left: ${system
      .tree()
      .children.map(({ address, status, restarts }) => `${address} ${status} ${restarts}`)
      .join()}`,
  );
  console.log(`logged: ${logged.filter((message) => message.includes("escaped")).join()}`);
  await system.close();
}

/** Errors in code that is cleaned up after its actor, and promises of callers that nobody awaits: no actor is to blame. */
async function runInnocents(): Promise<void> {
  const system = createActorSystem();
  using _guard = guardProcess(system);
  await system.start({ id: "bystander", logic: ticking });
  const listening = plain<null, "work">({
    init: () => null,
    receive(state, _message, turn) {
      turn.run("work", ({ signal }) => {
        signal.addEventListener("abort", boom);
        return Promise.withResolvers<void>().promise;
      });
      return state;
    },
  });
  await system.start({ id: "listening", logic: listening });
  system.tell("/listening", "work");
  await system.ask("/bystander", "ping", { timeoutMs: 50 }).catch(() => {});
  await system.stop("/listening");
  const deaf = plain<null, unknown>({ init: () => null, receive: (state, _message, turn) => (turn.refuse(new Error("no")), state) });
  await system.start({ id: "deaf", logic: deaf });
  const escaped: unknown[] = [];
  process.on("unhandledRejection", (error) => void escaped.push(error));
  void system.ask("/deaf", "one");
  void system.ask("/bystander", "two", { timeoutMs: 10 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const left = system.tree().children.map(({ address, status, restarts }) => `${address} ${status} ${restarts}`);
  console.log(`left: ${left.join()}; outside: ${escaped.length}`);
  await system.close();
}

const what = process.argv[2]!;
if (what === "strays") await runStrays();
else if (what === "late") await runLate();
else if (what === "innocents") await runInnocents();
else {
  const system = createActorSystem();
  guardProcess(system);
  await fatal[what]!();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
}
