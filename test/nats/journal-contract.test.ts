import { journalContract } from "@orgtree/journal/testing";
import { NatsLink, openJetStreamJournal } from "@orgtree/nats";
import { LocalCluster, LocalServer } from "@orgtree/nats/server";
import { afterAll, beforeAll, describe } from "vitest";

describe.each([
  { title: "JetStream", replicas: 1, start: () => LocalServer.start(), modelRuns: Number(process.env["RUNS"] ?? 40) },
  { title: "JetStream on three servers", replicas: 3, start: () => LocalCluster.start(), modelRuns: Number(process.env["RUNS"] ?? 5) },
])("$title", ({ title, replicas, start, modelRuns }) => {
  let servers: LocalServer | LocalCluster;
  let link: NatsLink;
  let made = 0;

  beforeAll(async () => {
    servers = await start();
    link = await NatsLink.connect({ servers: servers instanceof LocalServer ? servers.url : [...servers.urls] });
  });

  afterAll(async () => {
    await link?.close();
    await servers?.stop();
  });

  journalContract(
    title,
    () => {
      const name = `contract-${made++}`;
      return Promise.resolve({
        open: () => openJetStreamJournal(link, { name, replicas }),
        // All tests share the disk of the servers.
        [Symbol.asyncDispose]: async () => void (await link.connection.request(`$JS.API.STREAM.DELETE.J_${name}`)),
      });
    },
    { modelRuns },
  );
});
