import { makeSecret, type Secret } from "@orgtree/core";
import { hostname } from "node:os";
import { type Environment, Variables, type WholeNumber } from "./variables.ts";

/** What the environment says of this node. */
export interface NodeConfig {
  readonly namespace: string;
  readonly name: string;
  /** Files that export organizations and actors. */
  readonly modules: readonly string[];
  readonly partitions: Readonly<Record<string, number>>;
  readonly pools: readonly string[];
  readonly replicas: number;
  /** Of the server for health and metrics; without a port there is none. */
  readonly host: string;
  readonly port: number | undefined;
  readonly marks: string | undefined;
  readonly logLevel: string;
  readonly leaseMs: number;
  /** Whom to ask for answers; without one the scripts that modules bring along play the models. */
  readonly model: ModelAccess | undefined;
  /** Milliseconds that a scripted answer takes. */
  readonly thinkMs: number;
}

/** A server that speaks OpenAI's Chat Completions. */
export interface ModelAccess {
  readonly apiKey: Secret;
  readonly baseURL: string | undefined;
  readonly model: string;
}

/** What is not in the environment. */
export interface ConfigDefaults {
  /** Files that export what is hosted, in place of `ORGTREE_MODULES`. */
  readonly modules?: readonly string[] | undefined;
  /** Where `PORT` says nothing. */
  readonly port?: number | undefined;
}

/** Reads the environment; throws `ConfigError`, which names each variable that is wrong, and the remedy. */
export function readNodeConfig(environment: Environment, defaults: ConfigDefaults = {}): NodeConfig {
  const variables = new Variables(environment);
  const text = (name: string): string | undefined => variables.text(name);
  const apiKey = text("ORGTREE_SCRIPTED") === "1" ? undefined : text("OPENAI_API_KEY");
  const port = text("PORT") === undefined ? defaults.port : variables.whole(portNumber);
  const config: NodeConfig = {
    namespace: variables.matching("ORGTREE_NAMESPACE", { ...token, byDefault: "main" }),
    name: variables.matching("ORGTREE_NODE", {
      ...token,
      byDefault: hostname()
        .replaceAll(/[^A-Za-z0-9_-]/g, "-")
        .slice(0, 40),
    }),
    modules: defaults.modules ?? variables.list("ORGTREE_MODULES"),
    partitions: variables.partitions("ORGTREE_PARTITIONS"),
    pools: text("ORGTREE_POOLS") === undefined ? ["main"] : variables.list("ORGTREE_POOLS"),
    replicas: variables.whole({ name: "ORGTREE_REPLICAS", unit: "servers", least: 1, most: 5, byDefault: 1 }),
    host: text("HOST") ?? "127.0.0.1",
    port,
    marks: text("ORGTREE_MARKS"),
    logLevel: variables.logLevel("LOG_LEVEL"),
    leaseMs: variables.whole({ name: "ORGTREE_LEASE_MS", unit: "milliseconds", least: 300, most: 600_000, byDefault: 3_000 }),
    model:
      apiKey === undefined
        ? undefined
        : {
            apiKey: makeSecret("OPENAI_API_KEY", () => apiKey),
            baseURL: text("OPENAI_BASE_URL"),
            model: text("OPENAI_MODEL") ?? "gpt-5-mini",
          },
    thinkMs: variables.whole({ name: "ORGTREE_THINK_MS", unit: "milliseconds", least: 0, most: 600_000, byDefault: 0 }),
  };
  if (config.modules.length === 0)
    variables.problems.push("ORGTREE_MODULES is not set: name the files that export your organizations, with commas between them");
  variables.check();
  return config;
}

const token = { pattern: /^[A-Za-z0-9_-]{1,40}$/, remedy: "write 1 to 40 letters, digits, _ and -" } as const;
const portNumber: WholeNumber = { name: "PORT", unit: "a port", least: 0, most: 65_535, byDefault: 0 };
