import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseDebianSource } from "./fetch-server.ts";
import { findServer } from "./find-server.ts";
import { LocalServer } from "./local-server.ts";
import { isAtLeast } from "./server-version.ts";

describe("findServer", () => {
  test("finds one that is new enough, and finds it once", async () => {
    const first = findServer();
    expect(findServer()).toBe(first);
    expect(isAtLeast((await first).version, "2.11.0")).toBe(true);
  });

  test("refuses the one that NATS_SERVER names when it is too old or none, and says how to get one", async () => {
    const directory = await mkdtemp(join(tmpdir(), "orgtree-old-"));
    const old = join(directory, "nats-server");
    await writeFile(old, "#!/bin/sh\necho nats-server: v2.10.27\n");
    await chmod(old, 0o755);
    await expect(findServer({ env: { NATS_SERVER: old } })).rejects.toThrow("version 2.10.27 is too old");
    await expect(findServer({ env: { NATS_SERVER: old }, least: "2.10.0" })).resolves.toEqual({ path: old, version: "2.10.27" });
    await rm(directory, { recursive: true });
    const error: unknown = await findServer({ env: { NATS_SERVER: old, PATH: "" } }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "NatsServerMissingError" });
    expect(String(error)).toMatch(/it does not start[\s\S]*brew install nats-server/);
  });

  test("says what it tried when nothing is there and nothing may be fetched", async () => {
    const env = { PATH: "/nowhere", XDG_CACHE_HOME: "/nowhere" };
    const { path } = await findServer().catch(() => ({ path: "" }));
    const search = findServer({ env, fetches: false, least: "99.0.0" });
    await expect(search).rejects.toThrow("no nats-server 99.0.0 or newer was found");
    if (path === "/usr/sbin/nats-server") await expect(search).rejects.toThrow("is too old");
  });

  test("takes the mirror of the machine's own apt", () => {
    const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    const deb822 = "Types: deb\n# a remark\nURIs: http://mirror.example/debian\nSuites: stable\nSigned-By: /k.gpg\n";
    const security = "Types: deb\nURIs: http://mirror.example/debian-security\nSuites: stable-security\n";
    expect(parseDebianSource(`${security}\n${deb822}`)).toEqual({ uri: "http://mirror.example/debian", signedBy: "/k.gpg" });
    expect(parseDebianSource("deb [arch=amd64] http://mirror.example/debian/ stable main")).toEqual({
      uri: "http://mirror.example/debian/",
      signedBy: keyring,
    });
    expect(parseDebianSource("deb http://other.example/tools stable main")).toBeUndefined();
  });
});

describe("LocalServer", () => {
  test("says what is wrong when it does not start", async () => {
    await expect(LocalServer.start({ config: "no such thing {" })).rejects.toThrow(/nats-server ended:[\s\S]*line 4/);
  });

  test("is on the loopback interface, and gone when it was stopped", async () => {
    const server = await LocalServer.start();
    expect(server.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
    expect(existsSync(server.directory)).toBe(true);
    await server.stop();
    expect(existsSync(server.directory)).toBe(false);
    await expect(connects(server.port)).resolves.toBe(false);
  });

  test("ends with whoever started it, though that was killed", async () => {
    const fixture = fileURLToPath(new URL("starts-and-waits.fixture.ts", import.meta.url));
    const child = spawn(process.execPath, ["--conditions=@orgtree/source", fixture], { stdio: ["ignore", "pipe", "inherit"] });
    const line = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
    const [pid, directory] = line.trim().split(" ");
    expect(isAlive(Number(pid))).toBe(true);
    child.kill("SIGKILL");
    await expect.poll(() => isAlive(Number(pid)), { timeout: 5_000, interval: 10 }).toBe(false);
    await expect.poll(() => existsSync(directory!), { timeout: 5_000, interval: 10 }).toBe(false);
  });
});

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
