/** Children that are started and stopped one by one while the system runs. */
import { createActorSystem, plain, type Logic } from "@orgtree/runtime";
import nact from "nact";
import { createActor, fromTransition, type AnyActorLogic } from "xstate";
import { erlang, node, perSecond, timed, type Bench, type Job } from "./harness/bench.ts";
import { agentLike } from "./subjects/machines.ts";
import { underDynamicSupervisor } from "./subjects/desks.ts";

const idle = plain<number, number>({ init: () => 0, receive: (state, message) => state + message });

/** Starts all, looks that they are there, stops all, looks that they are gone. */
async function ours(logic: Logic): Promise<Job> {
  const system = createActorSystem();
  const desk = await underDynamicSupervisor(system, logic);
  return (size) =>
    timed(async () => {
      const before = system.open.actors;
      const ids: string[] = [];
      for (let n = 0; n < size; n++) ids.push((await desk.startChild({})).address!);
      const started = system.open.actors - before;
      for (const id of ids) await desk.terminateChild(id);
      return started - (system.open.actors - before);
    });
}

/** XState's status of a stopped actor; the snapshot of a root actor does not show it. */
const stopped = 2;

function bare(logic: AnyActorLogic): Job {
  return (size) =>
    timed(() => {
      const actors = Array.from({ length: size }, () => createActor(logic).start());
      for (const actor of actors) actor.stop();
      return actors.filter((actor) => Reflect.get(actor, "_processingStatus") === stopped).length;
    });
}

function nactActors(): Job {
  const system = nact.start();
  return async (size) => {
    const actors: object[] = [];
    const { ms } = await timed(() => {
      for (let n = 0; n < size; n++) actors.push(nact.spawn(system, (state: number) => state, `child-${n}`, { initialState: 0 }));
      for (const actor of actors) nact.stop(actor);
      return size;
    });
    // A stopped actor refuses to be asked; nothing else shows it.
    const asked = await Promise.allSettled(actors.map((actor) => nact.query(actor, () => 0, 1_000)));
    return { done: asked.filter(({ status }) => status === "rejected").length, ms: ms! };
  };
}

export const bench: Bench = {
  name: "spawn-stop",
  comparisons: [
    {
      name: "plain",
      size: 5_000,
      contenders: {
        ours: node(() => ours(idle)),
        nact: node(nactActors),
        "XState fromTransition": node(() => bare(fromTransition((state: { n: number }) => state, { n: 0 }))),
        "Erlang dynamic supervisor": erlang("spawn_stop"),
      },
      rows: [
        { what: "start and stop one plain child", measure: perSecond, peer: "Erlang dynamic supervisor" },
        { what: "start and stop one plain child", measure: perSecond, peer: "XState fromTransition" },
        { what: "start and stop one plain child", measure: perSecond, peer: "nact" },
      ],
    },
    {
      name: "machine",
      size: 3_000,
      contenders: { ours: node(() => ours(agentLike("orgtree"))), "bare XState": node(() => bare(agentLike("xstate"))) },
      rows: [{ what: "start and stop one machine", measure: perSecond, peer: "bare XState" }],
    },
  ],
};
