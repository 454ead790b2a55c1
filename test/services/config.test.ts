/** What a gateway reads from the environment. */
import { describe, expect, test } from "vitest";
import { describeConfig, readConfig } from "../../services/gateway/src/config.ts";

const secret = "0123456789abcdef";
const noFile = (path: string): string => {
  throw new Error(`there is no ${path}`);
};

describe("readConfig", () => {
  test("needs nothing but a token, and listens on this machine only", () => {
    expect(readConfig({ ORGTREE_TOKENS: `ops:${secret}` }, noFile)).toMatchObject({ host: "127.0.0.1", port: 8_080 });
  });

  test("reads tokens from a file, with comments, beside those of the environment", () => {
    const file = `# people\nops:${secret}1 # who looks after it\n\nacme:${secret}2:acme-\n`;
    const { tokens } = readConfig({ ORGTREE_TOKENS: `ci:${secret}`, ORGTREE_TOKENS_FILE: "/tokens" }, () => file);
    expect(tokens.map(({ name, ids }) => [name, ids])).toEqual([
      ["ci", ""],
      ["ops", ""],
      ["acme", "acme-"],
    ]);
  });

  test.each([
    { variables: { ORGTREE_TOKENS: "" }, says: "there is no token, and nobody could come in: set ORGTREE_TOKENS" },
    { variables: { ORGTREE_TOKENS: "ops" }, says: "ORGTREE_TOKENS, token 1: it has no name: write name:secret" },
    { variables: { ORGTREE_TOKENS: "ops:short" }, says: "the secret of ops is too short, or cannot be sent: at least 16" },
    { variables: { ORGTREE_TOKENS: `ops:${secret} ops:${secret}x` }, says: "token 2: ops and ops have the same name or secret" },
    { variables: { ORGTREE_TOKENS: `a:${secret} b:${secret}` }, says: "token 2: b and a have the same name or secret" },
    { variables: { ORGTREE_TOKENS: `a:${secret}:acme` }, says: "the prefix of a is no prefix" },
    { variables: { ORGTREE_TOKENS_FILE: "/none" }, says: "ORGTREE_TOKENS_FILE cannot be read (there is no /none)" },
    { variables: { PORT: "http" }, says: 'PORT is "http": write a port, a whole number from 0 to 65535, or leave it out for 8080' },
    { variables: { ORGTREE_BODY_BYTES: "1" }, says: "ORGTREE_BODY_BYTES" },
    { variables: { ORGTREE_NAMESPACE: "a.b" }, says: 'ORGTREE_NAMESPACE is "a.b": write 1 to' },
    { variables: { ORGTREE_PARTITIONS: "16" }, says: 'ORGTREE_PARTITIONS is "16": write main=16' },
    { variables: { NATS_URL: "nats://u:p@h" }, says: "NATS_URL has a user in it: write that in NATS_USER" },
    { variables: { NATS_URL: "http://h" }, says: 'NATS_URL is "http://h": write nats://host:port' },
    { variables: { NATS_USER: "u" }, says: "NATS_USER and NATS_PASSWORD go together" },
    { variables: { LOG_LEVEL: "loud" }, says: 'LOG_LEVEL is "loud": write one of fatal' },
  ])("refuses $variables", ({ variables, says }) => {
    const withToken =
      "ORGTREE_TOKENS" in variables || "ORGTREE_TOKENS_FILE" in variables ? variables : { ORGTREE_TOKENS: `ops:${secret}`, ...variables };
    expect(() => readConfig(withToken, noFile)).toThrow(says);
  });

  test("tells everything that is wrong at once", () => {
    expect(() => readConfig({ PORT: "x", LOG_LEVEL: "y" }, noFile)).toThrow(/LOG_LEVEL[^]*PORT[^]*token/);
  });

  test.each([{ ORGTREE_TOKENS: `ops:${secret}` }, { ORGTREE_TOKENS: `ops:${secret}`, NATS_USER: "u", NATS_PASSWORD: secret }])(
    "is shown without secrets",
    (variables) => {
      expect(describeConfig(readConfig(variables, noFile)).join("\n")).not.toContain(secret);
    },
  );

  test.each([`ops:${secret.slice(1)}`, `ops:${secret}:x`, `ops ${secret}`])(
    "shows no secret of a token that is refused",
    (ORGTREE_TOKENS) => {
      let said = "";
      try {
        readConfig({ ORGTREE_TOKENS }, noFile);
      } catch (error) {
        said = String(error);
      }
      expect(said).toContain("token");
      expect(said).not.toContain(secret.slice(1));
    },
  );
});
