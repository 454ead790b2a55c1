import { describe, expect, test } from "vitest";
import { readNodeConfig } from "./node-config.ts";

const modules = { ORGTREE_MODULES: "a.ts, b.ts" };

describe("readNodeConfig", () => {
  test("needs nothing but what it hosts", () => {
    expect(readNodeConfig(modules)).toMatchObject({
      namespace: "main",
      modules: ["a.ts", "b.ts"],
      partitions: { main: 16 },
      pools: ["main"],
      replicas: 1,
      host: "127.0.0.1",
      port: undefined,
      leaseMs: 3_000,
      model: undefined,
    });
    expect(readNodeConfig({}, { modules: ["c.ts"], port: 8_081 })).toMatchObject({ modules: ["c.ts"], port: 8_081 });
  });

  test.each([
    { variables: { ORGTREE_MODULES: " , " }, says: "ORGTREE_MODULES is not set: name the files" },
    { variables: { ORGTREE_NODE: "a b" }, says: 'ORGTREE_NODE is "a b": write 1 to 40 letters, digits, _ and -' },
    { variables: { ORGTREE_PARTITIONS: "main" }, says: 'ORGTREE_PARTITIONS is "main": write main=16, or main=16,gpu=4' },
    { variables: { ORGTREE_LEASE_MS: "1" }, says: 'ORGTREE_LEASE_MS is "1": write milliseconds, a whole number from 300 to 600000' },
    { variables: { PORT: "x" }, says: 'PORT is "x": write a port' },
    { variables: { LOG_LEVEL: "loud" }, says: 'LOG_LEVEL is "loud": write one of fatal' },
  ])("refuses $variables", ({ variables, says }) => {
    expect(() => readNodeConfig({ ...modules, ...variables })).toThrow(says);
  });

  test("tells everything that is wrong at once", () => {
    expect(() => readNodeConfig({ PORT: "x", LOG_LEVEL: "y" })).toThrow(/PORT[^]*LOG_LEVEL[^]*ORGTREE_MODULES/);
  });
});
