import { createServer, type Server } from "node:net";
import { describe, expect, test } from "vitest";
import { LocalServer } from "../server/local-server.ts";
import { NatsLink } from "./nats-link.ts";

/** Something that says it is a server of NATS, of some version. */
async function pretendToBe(version: string): Promise<{ readonly server: Server; readonly url: string }> {
  const info = JSON.stringify({ server_id: "x", version, proto: 1, headers: true, max_payload: 1_048_576, host: "127.0.0.1", port: 1 });
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => void (String(data).includes("PING") && socket.write("PONG\r\n")));
    socket.write(`INFO ${info}\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `127.0.0.1:${(server.address() as { port: number }).port}` };
}

describe("NatsLink.connect", () => {
  test("refuses a server that is too old, and says what it needs", async () => {
    const { server, url } = await pretendToBe("2.10.27");
    const error: unknown = await NatsLink.connect({ servers: url }).catch((reason: unknown) => reason);
    server.close();
    expect(error).toMatchObject({ name: "NatsError", problem: "server-too-old", retryable: false });
    expect(String(error)).toContain("2.10.27");
    expect(String(error)).toContain("2.11.0 or newer");
  });

  test("says that nobody answers", async () => {
    await expect(NatsLink.connect({ servers: "127.0.0.1:1" })).rejects.toMatchObject({ problem: "unreachable", retryable: true });
  });

  test("says that the server does not let us in", async () => {
    await using server = await LocalServer.start({ jetStream: false, config: "authorization { token: secret }" });
    await expect(NatsLink.connect({ servers: server.url })).rejects.toMatchObject({ problem: "not-permitted" });
    await using link = await NatsLink.connect({ servers: server.url, token: "secret" });
    expect(link.isConnected).toBe(true);
  });

  test("closes also when the server goes away while it waits for it", async () => {
    await using server = await LocalServer.start({ jetStream: false });
    const link = await NatsLink.connect({ servers: server.url });
    await server.pause();
    const closed = link.close();
    await server.kill();
    await closed;
    expect(link.isConnected).toBe(false);
  });

  test("tells when the connection is lost and when it is back", async () => {
    await using server = await LocalServer.start({ jetStream: false });
    await using link = await NatsLink.connect({ servers: server.url, reconnectTimeWait: 20, reconnectJitter: 0 });
    const events: string[] = [];
    const lost = new Promise<void>((resolve) => {
      link.listen(({ type }) => {
        events.push(type);
        if (type === "lost") resolve();
      });
    });
    await server.kill();
    await lost;
    expect(link.isConnected).toBe(false);
    expect(await link.whenConnected(1)).toBe(false);
    const back = link.whenConnected(5_000);
    await server.restart();
    expect(await back).toBe(true);
    expect(events).toEqual(["lost", "back"]);
  });
});
