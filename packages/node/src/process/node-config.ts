import { ExpectedError, makeSecret, type Secret } from "@orgtree/core";
import { hostname } from "node:os";

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

/** A variable of the environment is not what it has to be. */
class ConfigError extends ExpectedError {
  override readonly name = "ConfigError";
  readonly retryable = false;

  constructor(variable: string, value: string | undefined, remedy: string) {
    super(`${variable}${value === undefined ? " is not set" : `="${value}"`}: ${remedy}`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What is not in the environment. */
export interface ConfigDefaults {
  /** Files that export what is hosted, in place of `ORGTREE_MODULES`. */
  readonly modules?: readonly string[] | undefined;
  /** Where `PORT` says nothing. */
  readonly port?: number | undefined;
}

/** Reads the environment; throws `ConfigError`, which names the variable and the remedy. */
export function readNodeConfig(environment: Environment, defaults: ConfigDefaults = {}): NodeConfig {
  const text = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const name =
    text("ORGTREE_NODE") ??
    hostname()
      .replaceAll(/[^A-Za-z0-9_-]/g, "-")
      .slice(0, 40);
  const apiKey = text("ORGTREE_SCRIPTED") === "1" ? undefined : text("OPENAI_API_KEY");
  const port = text("PORT") ?? defaults.port?.toString();
  return {
    namespace: tokenOf("ORGTREE_NAMESPACE", text("ORGTREE_NAMESPACE") ?? "main"),
    name: tokenOf("ORGTREE_NODE", name),
    modules:
      defaults.modules ??
      required("ORGTREE_MODULES", text("ORGTREE_MODULES"), "name the files that export your organizations, with commas between them"),
    partitions: partitionsOf(text("ORGTREE_PARTITIONS") ?? "main=16"),
    pools: listOf(text("ORGTREE_POOLS") ?? "main"),
    replicas: numberOf("ORGTREE_REPLICAS", text("ORGTREE_REPLICAS") ?? "1", [1, 5]),
    host: text("HOST") ?? "127.0.0.1",
    port: port === undefined ? undefined : numberOf("PORT", port, [0, 65_535]),
    marks: text("ORGTREE_MARKS"),
    logLevel: oneOf("LOG_LEVEL", text("LOG_LEVEL") ?? "info", ["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
    leaseMs: numberOf("ORGTREE_LEASE_MS", text("ORGTREE_LEASE_MS") ?? "3000", [300, 600_000]),
    model:
      apiKey === undefined
        ? undefined
        : {
            apiKey: makeSecret("OPENAI_API_KEY", () => apiKey),
            baseURL: text("OPENAI_BASE_URL"),
            model: text("OPENAI_MODEL") ?? "gpt-5-mini",
          },
    thinkMs: numberOf("ORGTREE_THINK_MS", text("ORGTREE_THINK_MS") ?? "0", [0, 600_000]),
  };
}

function listOf(text: string): readonly string[] {
  return text.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
}

function required(name: string, text: string | undefined, remedy: string): readonly string[] {
  const list = text === undefined ? [] : listOf(text);
  if (list.length === 0) throw new ConfigError(name, text, remedy);
  return list;
}

function tokenOf(name: string, text: string): string {
  if (/^[A-Za-z0-9_-]{1,40}$/.test(text)) return text;
  throw new ConfigError(name, text, "it is 1 to 40 letters, digits, _ and -");
}

function numberOf(name: string, text: string, [least, most]: readonly [number, number]): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ConfigError(name, text, `it is an integer from ${least} to ${most}`);
}

function oneOf(name: string, text: string, known: readonly string[]): string {
  if (known.includes(text)) return text;
  throw new ConfigError(name, text, `it is one of ${known.join(", ")}`);
}

/** `main=16,gpu=4` */
function partitionsOf(text: string): Readonly<Record<string, number>> {
  const pools = listOf(text).map((part): [string, number] => {
    const [pool = "", count = ""] = part.split("=");
    return [tokenOf("ORGTREE_PARTITIONS", pool), numberOf("ORGTREE_PARTITIONS", count, [1, 1_024])];
  });
  if (pools.length === 0) throw new ConfigError("ORGTREE_PARTITIONS", text, "write main=16, or main=16,gpu=4");
  return Object.fromEntries(pools);
}
