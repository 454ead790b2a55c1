/**
 * The other end of a wire, for the benches: `node far-process.ts ours|raw <url>`. It answers what it is asked with the same, counts what
 * it is told, answers `count` with that, and ends when nobody holds its input any more. `ours` is an actor, `raw` a subscription.
 */
import { encode } from "@orgtree/core";
import { NatsLink } from "@orgtree/nats";
import { plain } from "@orgtree/runtime";
import { farAddress, farSubjects, joinWire } from "./far.ts";

const [way, url] = process.argv.slice(2) as ["ours" | "raw", string];

const far = plain<number, string>({
  init: () => 0,
  receive(count, message, turn) {
    if (message === "count") turn.reply(count);
    else if (turn.replyTo !== undefined) turn.reply(message);
    else return count + 1;
    return count;
  },
});

async function ours(link: NatsLink): Promise<void> {
  const system = joinWire(link, "far");
  await system.start({ id: farAddress.slice(1), logic: far });
}

async function raw({ connection }: NatsLink): Promise<void> {
  let count = 0;
  connection.subscribe(farSubjects.ask, { callback: (_, message) => void message.respond(message.data) });
  connection.subscribe(farSubjects.tell, { callback: () => void count++ });
  connection.subscribe(farSubjects.count, { callback: (_, message) => void message.respond(encode(count)) });
  await connection.flush();
}

const link = await NatsLink.connect({ servers: url });
await { ours, raw }[way](link);
process.stdout.write("ready\n");
process.stdin.resume().once("end", () => process.exit());
