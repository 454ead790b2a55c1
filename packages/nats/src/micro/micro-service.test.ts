import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NatsLink } from "../connection/nats-link.ts";
import { LocalServer } from "../server/local-server.ts";
import { MicroService } from "./micro-service.ts";

let server: LocalServer;
let link: NatsLink;

beforeAll(async () => {
  server = await LocalServer.start({ jetStream: false });
  link = await NatsLink.connect({ servers: server.url });
});
afterAll(async () => {
  await link?.close();
  await server?.stop();
});

const identity = { name: "orgtree", version: "1.2.3", metadata: { namespace: "main" } };

function start(id: string): Promise<MicroService> {
  const echo = (question: Uint8Array): Promise<Uint8Array> => Promise.resolve(question);
  const fail = (): Promise<Uint8Array> => Promise.reject(new Error("no such leaf ☘"));
  return MicroService.start(link, {
    ...identity,
    id,
    description: "a node",
    endpoints: [
      { name: "echo", subject: `${id}.echo`, answer: echo },
      { name: "fail", subject: `${id}.fail`, answer: fail },
    ],
  });
}

async function ask(subject: string): Promise<unknown> {
  return (await link.connection.request(subject, "", { timeout: 2_000 })).json();
}

/** Everybody who answers to one question, so many of them. */
async function askAll(subject: string, wanted: number): Promise<readonly { readonly id: string }[]> {
  const answers: { id: string }[] = [];
  const inbox = "all-answers";
  const subscription = link.connection.subscribe(inbox, { max: wanted });
  link.connection.publish(subject, "", { reply: inbox });
  for await (const message of subscription) answers.push(message.json());
  return answers;
}

describe("MicroService", () => {
  test("answers the pings of all services, of its kind, and its own, in the documented shape", async () => {
    const [one, two] = [await start("one"), await start("two")];
    const ping = { type: "io.nats.micro.v1.ping_response", ...identity };
    expect(await ask("$SRV.PING.orgtree.two")).toEqual({ ...ping, id: "two" });
    for (const subject of ["$SRV.PING", "$SRV.PING.orgtree"]) {
      const ids = (await askAll(subject, 2)).map(({ id }) => id);
      expect(ids.sort()).toEqual(["one", "two"]);
    }
    await one.stop();
    await two.stop();
    await expect(ask("$SRV.PING.orgtree.two")).rejects.toThrow(/no responders/);
  });

  test("says what it answers to", async () => {
    const service = await start("info");
    expect(await ask("$SRV.INFO.orgtree.info")).toEqual({
      type: "io.nats.micro.v1.info_response",
      ...identity,
      id: "info",
      description: "a node",
      endpoints: [
        { name: "echo", subject: "info.echo", queue_group: "", metadata: {} },
        { name: "fail", subject: "info.fail", queue_group: "", metadata: {} },
      ],
    });
    await service.stop();
  });

  test("counts what it is asked and what fails, and gives errors in headers and as a failure", async () => {
    const service = await start("stats");
    expect((await link.connection.request("stats.echo", "hello")).string()).toBe("hello");
    const failed = await link.connection.request("stats.fail", "");
    expect(failed.headers?.get("Nats-Service-Error")).toBe("no such leaf");
    expect(failed.headers?.get("Nats-Service-Error-Code")).toBe("500");
    expect(failed.json()).toMatchObject({ failure: { class: "crash", message: "no such leaf ☘" } });
    const counted = (name: string, counts: object): object => {
      const times = { processing_time: expect.any(Number) as unknown, average_processing_time: expect.any(Number) as unknown };
      return { name, subject: `stats.${name}`, queue_group: "", num_errors: 0, last_error: "", ...times, ...counts };
    };
    expect(await ask("$SRV.STATS.orgtree.stats")).toEqual({
      type: "io.nats.micro.v1.stats_response",
      ...identity,
      id: "stats",
      started: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
      endpoints: [counted("echo", { num_requests: 1 }), counted("fail", { num_requests: 1, num_errors: 1, last_error: "no such leaf ☘" })],
    });
    await service.stop();
  });

  test.each([
    { field: "name", options: { name: "two words" } },
    { field: "id", options: { id: "a.b" } },
    { field: "version", options: { version: "1" } },
  ])("refuses a $field that is none", async ({ field, options }) => {
    const whole = { ...identity, id: "x", description: "", endpoints: [], ...options };
    await expect(MicroService.start(link, whole)).rejects.toMatchObject({ name: "SpecError", field });
  });
});
