import { credsAuthenticator, nkeyAuthenticator } from "@nats-io/transport-node";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NatsError } from "./nats-error.ts";
import type { NatsLinkOptions } from "./nats-link.ts";

/** Where settings are read from. */
export interface NatsEnvironment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The home directory: contexts are in its `.config/nats`, or in `XDG_CONFIG_HOME`. */
  readonly home: string;
}

/** What the `nats` command keeps of a context, as far as it says how to connect. */
interface Context {
  readonly url?: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly creds?: string;
  readonly nkey?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly inbox_prefix?: string;
}

/**
 * How to connect, as the `nats` command finds it: `NATS_CONTEXT`, or the context that was selected; over it `NATS_URL`, `NATS_USER`,
 * `NATS_PASSWORD`, `NATS_TOKEN`, `NATS_CREDS`, `NATS_NKEY` (files), `NATS_CERT`, `NATS_KEY`, `NATS_CA` and `NATS_INBOX_PREFIX`. Without any
 * of them: a server on this machine. Who to be may stand in an address as well, `nats://user:password@host` or `nats://token@host`.
 *
 * Throws `NatsError` for a context or a file that is not there, or cannot be read.
 */
export function natsSettings({ variables, home }: NatsEnvironment): NatsLinkOptions {
  const context: Context = { ...readContext(variables, home), ...fromVariables(variables) };
  const { servers, ...inAddress } = readAddresses(context.url ?? "nats://127.0.0.1:4222");
  const { user, password, token, inbox_prefix: inboxPrefix } = { ...inAddress, ...context };
  const tls = tlsOf(context);
  return {
    servers,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { token }),
    ...authenticatorOf(context),
    ...(tls === undefined ? {} : { tls }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
  };
}

/** The addresses without what is secret in them, and that: of the first one that has any. */
function readAddresses(url: string): { readonly servers: string[] } & Pick<Context, "user" | "password" | "token"> {
  let found: Pick<Context, "user" | "password" | "token"> = {};
  const servers = url.split(",").map((server) => {
    const [, scheme = "", who, place] = /^(\w+:\/\/)?([^/]*)@([^@]*)$/.exec(server.trim()) ?? [];
    if (who === undefined || place === undefined) return server.trim();
    const [first = "", second] = who.split(":").map(decodeURIComponent);
    if (Object.keys(found).length === 0) found = second === undefined ? { token: first } : { user: first, password: second };
    return scheme + place;
  });
  return { servers, ...found };
}

function fromVariables(variables: NatsEnvironment["variables"]): Context {
  const names = {
    url: "NATS_URL",
    user: "NATS_USER",
    password: "NATS_PASSWORD",
    token: "NATS_TOKEN",
    creds: "NATS_CREDS",
    nkey: "NATS_NKEY",
    cert: "NATS_CERT",
    key: "NATS_KEY",
    ca: "NATS_CA",
    inbox_prefix: "NATS_INBOX_PREFIX",
  } as const;
  return withoutEmpty(Object.fromEntries(Object.entries(names).map(([field, name]) => [field, variables[name]])));
}

function readContext(variables: NatsEnvironment["variables"], home: string): Context {
  const directory = join(variables["XDG_CONFIG_HOME"] ?? join(home, ".config"), "nats");
  const selected = join(directory, "context.txt");
  const named = variables["NATS_CONTEXT"]?.trim();
  const name =
    named !== undefined && named !== "" ? named : existsSync(selected) ? read(selected, "the selected context").toString().trim() : "";
  if (name === "") return {};
  const file = join(directory, "context", `${name}.json`);
  const text = read(file, `the context "${name}"`).toString();
  try {
    return withoutEmpty(JSON.parse(text) as Readonly<Record<string, unknown>>);
  } catch (error) {
    throw new NatsError("settings", `the context ${file} is no JSON: mend it, or select another with \`nats context select\``, error);
  }
}

function authenticatorOf({ creds, nkey }: Context): Pick<NatsLinkOptions, "authenticator"> {
  if (creds !== undefined) return { authenticator: credsAuthenticator(read(creds, "the credentials")) };
  if (nkey === undefined) return {};
  return { authenticator: nkeyAuthenticator(new TextEncoder().encode(read(nkey, "the nkey").toString().trim())) };
}

function tlsOf({ cert, key, ca }: Context): NatsLinkOptions["tls"] {
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  const text = (path: string | undefined, what: string): string | undefined =>
    path === undefined ? undefined : read(path, what).toString();
  return withoutEmpty({ cert: text(cert, "the certificate"), key: text(key, "the key"), ca: text(ca, "the certificate authority") });
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new NatsError("settings", `${what} cannot be read from ${path}: ${(error as Error).message}`, error);
  }
}

/** The fields that hold a text. */
function withoutEmpty(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (typeof value === "string" && value !== "" ? [[name, value]] : [])),
  );
}
