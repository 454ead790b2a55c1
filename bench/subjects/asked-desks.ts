/** Desks that are asked from outside, each of whose turns goes into a journal. */
import { randomBytes } from "node:crypto";
import type { Journal } from "@orgtree/core";
import { plain, type ActorSystem, type Logic } from "@orgtree/runtime";
import { timed, type Sample } from "../harness/bench.ts";
import { Latencies } from "./disk.ts";

/** What a desk keeps. */
export interface Desk {
  readonly count: number;
  readonly texts: readonly string[];
}

/** What it is asked. */
export interface Say {
  readonly type: "SAY";
  readonly text: string;
}

/** Base64 of random bytes: nothing that a compression finds but what is there twice. */
export function randomText(bytes: number): string {
  return randomBytes((bytes / 4) * 3).toString("base64");
}

/** Keeps the newest text, or all of them. */
export function desk({ grows }: { readonly grows: boolean }): Logic {
  return plain<Desk, Say>({
    init: () => ({ count: 0, texts: [] }),
    receive({ count, texts }, { text }, turn) {
      turn.reply(count + 1);
      return { count: count + 1, texts: grows ? [...texts, text] : [text] };
    },
  });
}

/** Who asks whom: `actors` of them, each with a caller of its own that waits for its answer before it asks again. */
export interface Asking {
  readonly system: ActorSystem;
  readonly actors: number;
  readonly size: number;
  readonly textBytes: number;
}

/** Starts `/desk-0`, … */
export async function startDesks(system: ActorSystem, actors: number, logic: Logic): Promise<void> {
  for (let n = 0; n < actors; n++) await system.start({ id: `desk-${n}`, logic });
}

/** Asks until all together have done `size` turns. */
export async function askAll({ system, actors, size, textBytes }: Asking): Promise<Sample> {
  const latencies = new Latencies();
  const caller = async (n: number): Promise<number> => {
    let count = 0;
    for (let left = size / actors; left > 0; left--) {
      const begin = performance.now();
      count = (await system.ask(`/desk-${n}`, { type: "SAY", text: randomText(textBytes) })) as number;
      latencies.add(begin);
    }
    return count;
  };
  return latencies.with(
    await timed(async () => {
      const counts = await Promise.all(Array.from({ length: actors }, (_, n) => caller(n)));
      return counts.reduce((sum, count) => sum + count, 0);
    }),
  );
}

/** Turns of the desks that are in the journal, without their initial steps. */
export async function countTurns(journal: Pick<Journal, "read">, actors: number): Promise<number> {
  let count = -actors;
  for await (const { address } of journal.read()) count += address.startsWith("/desk-") ? 1 : 0;
  return count;
}
