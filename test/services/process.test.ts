/** The gateway as a process: how it starts, and how it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { LocalServer } from "@orgtree/nats/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operator } from "./cluster.ts";

const main = fileURLToPath(new URL("../../services/gateway/src/main.ts", import.meta.url));
let server: LocalServer;

beforeAll(async () => {
  server = await LocalServer.start({ jetStream: false });
});

afterAll(() => server?.stop());

function start(environment: Readonly<Record<string, string>>): ChildProcess {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return spawn(process.execPath, ["--conditions=@orgtree/source", main], {
    env: { PATH, NODE_COMPILE_CACHE, ORGTREE_TOKENS: `ops:${operator}`, PORT: "0", NATS_URL: server.url, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Where it listens, and what it says from then on; rejects with what it said when it ends before. */
async function listening(child: ChildProcess): Promise<{ readonly url: string; readonly log: Promise<string> }> {
  let said = "";
  for await (const piece of child.stdout!.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    said += piece as string;
    const [, url] = /"url":"(http:[^"]+)".*"the gateway listens"/.exec(said) ?? [];
    if (url !== undefined) return { url, log: text(child.stdout!).then((rest) => said + rest) };
  }
  throw new Error(said);
}

describe("the process of a gateway", () => {
  test("says where it listens, and on SIGTERM takes nothing new and ends in order", async () => {
    const child = start({});
    const exit = once(child, "exit");
    const { url, log } = await listening(child);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");
    expect(await log).toContain('"msg":"the gateway ends"');
    expect(await log).not.toContain(operator);
  });

  test.each([
    {
      environment: { PORT: "http", ORGTREE_TOKENS: "" },
      says: /^orgtree gateway: PORT is "http": write a port[^]*\norgtree gateway: there is no token/,
    },
    {
      environment: { NATS_URL: "nats://127.0.0.1:1" },
      says: /^orgtree gateway: no NATS server answers at nats:\/\/127\.0\.0\.1:1 .*start one/,
    },
  ])("that cannot start says what is wrong, and the remedy: $environment", async ({ environment, says }) => {
    const child = start(environment as unknown as Record<string, string>);
    const [said, [code]] = await Promise.all([text(child.stderr!), once(child, "exit")]);
    expect([code, said]).toEqual([1, expect.stringMatching(says)]);
  });
});
