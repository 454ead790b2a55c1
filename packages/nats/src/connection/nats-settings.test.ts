import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { natsSettings } from "./nats-settings.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "orgtree-nats-"));
});
afterEach(() => rmSync(home, { recursive: true }));

function writeContext(name: string, content: object | string): void {
  const directory = join(home, ".config/nats/context");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}.json`), typeof content === "string" ? content : JSON.stringify(content));
}

describe("natsSettings", () => {
  test("without anything is a server on this machine", () => {
    expect(natsSettings({ variables: {}, home })).toEqual({ servers: ["nats://127.0.0.1:4222"] });
  });

  test("takes the named context, else the selected one, and variables over both", () => {
    writeContext("there", { url: "nats://a:4222,nats://b:4222", user: "ann", password: "secret", description: "x", nkey: "" });
    writeContext("here", { url: "nats://here:4222", inbox_prefix: "_INBOX_x" });
    writeFileSync(join(home, ".config/nats/context.txt"), "here\n");
    expect(natsSettings({ variables: {}, home })).toEqual({ servers: ["nats://here:4222"], inboxPrefix: "_INBOX_x" });
    const variables = { NATS_CONTEXT: "there", NATS_USER: "bob" };
    expect(natsSettings({ variables, home })).toEqual({ servers: ["nats://a:4222", "nats://b:4222"], user: "bob", pass: "secret" });
  });

  test.each([
    ["nats://ann:s%40cret@a:4222,b:4223", { servers: ["nats://a:4222", "b:4223"], user: "ann", pass: "s@cret" }],
    ["nats://s3cret@[::1]:4222", { servers: ["nats://[::1]:4222"], token: "s3cret" }],
  ])("takes who to be out of %s, so that it is shown nowhere", (url, settings) => {
    expect(natsSettings({ variables: { NATS_URL: url }, home })).toEqual(settings);
  });

  test("reads certificates and credentials from their files", () => {
    for (const name of ["ca", "cert", "key"]) writeFileSync(join(home, name), name);
    writeFileSync(join(home, "creds"), "-----BEGIN NATS USER JWT-----");
    const at = (name: string): string => join(home, name);
    const variables = { NATS_CA: at("ca"), NATS_CERT: at("cert"), NATS_KEY: at("key"), NATS_CREDS: at("creds") };
    const settings = natsSettings({ variables, home });
    expect(settings.tls).toEqual({ ca: "ca", cert: "cert", key: "key" });
    expect(settings.authenticator).toBeTypeOf("function");
  });

  test.each([
    ["a context that is not there", { NATS_CONTEXT: "nowhere" }, 'the context "nowhere" cannot be read from'],
    ["a file that is not there", { NATS_CREDS: "/nowhere/x.creds" }, "the credentials cannot be read from /nowhere/x.creds"],
    ["a context that is no JSON", { NATS_CONTEXT: "broken" }, "is no JSON"],
  ])("refuses %s by name", (_, variables, message) => {
    writeContext("broken", "{");
    expect(() => natsSettings({ variables, home })).toThrow(message);
  });
});
