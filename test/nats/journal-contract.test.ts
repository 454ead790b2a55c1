import { journalContract } from "@orgtree/journal/testing";
import { NatsLink, openJetStreamJournal } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { afterAll, beforeAll } from "vitest";

let server: LocalServer;
let link: NatsLink;
let made = 0;

beforeAll(async () => {
  server = await LocalServer.start();
  link = await NatsLink.connect({ servers: server.url });
});

afterAll(async () => {
  await link?.close();
  await server?.stop();
});

journalContract(
  "JetStream",
  () => {
    const name = `contract-${made++}`;
    return Promise.resolve({
      open: () => openJetStreamJournal(link, { name }),
      [Symbol.asyncDispose]: async () => {
        // A store is empty disk and memory of one server that all tests share.
        await link.connection.request(`$JS.API.STREAM.DELETE.J_${name}`);
      },
    });
  },
  { modelRuns: Number(process.env["RUNS"] ?? 40) },
);
