import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { access, constants } from "node:fs/promises";
import { fetchServer } from "./fetch-server.ts";
import { runProgram } from "./run-program.ts";
import { NatsServerMissingError } from "./server-missing-error.ts";
import { isAtLeast, oldestServer, parseVersion } from "./server-version.ts";

/** A nats-server that can be started. */
export interface FoundServer {
  readonly path: string;
  readonly version: string;
}

/** How to look for a server. */
export interface FindServerOptions {
  /** The environment to look in. Default: that of the process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Least version, such as `2.12.0`. Default: the oldest that this package works with. */
  readonly least?: string | undefined;
  /** Whether one may be fetched when none is there. Default true. */
  readonly fetches?: boolean | undefined;
}

const found = new Map<string, Promise<FoundServer>>();

/**
 * A nats-server that is new enough: the one that `NATS_SERVER` names, or one on the `PATH`, in the system's own directories, in our
 * cache (`$XDG_CACHE_HOME/orgtree`); else one that is fetched into the cache.
 *
 * A server that `NATS_SERVER` names is used or refused, never replaced. Rejects with `NatsServerMissingError`.
 */
export function findServer(options: FindServerOptions = {}): Promise<FoundServer> {
  const { env = process.env, least = oldestServer, fetches = true } = options;
  const key = JSON.stringify([env["NATS_SERVER"], env["PATH"], cacheDirectory(env), least, fetches]);
  let search = found.get(key);
  if (search === undefined) {
    search = searchServer(env, { least, fetches });
    found.set(key, search);
    search.catch(() => found.delete(key));
  }
  return search;
}

async function searchServer(env: NodeJS.ProcessEnv, { least, fetches }: { least: string; fetches: boolean }): Promise<FoundServer> {
  const tried: string[] = [];
  const named = env["NATS_SERVER"];
  const cache = cacheDirectory(env);
  const cached = join(cache, "nats-server");
  for (const path of named === undefined || named === "" ? [...onPath(env), cached] : [named]) {
    const version = await versionOf(path);
    if (version !== undefined && isAtLeast(version, least)) return { path, version };
    if (version !== undefined) tried.push(`${path}: version ${version} is too old`);
    else if (path === named) tried.push(`${path}, which NATS_SERVER names: it does not start`);
  }
  if (fetches && (named === undefined || named === "")) {
    try {
      const path = await fetchServer(cache, env);
      const version = await versionOf(path);
      if (version !== undefined && isAtLeast(version, least)) return { path, version };
      tried.push(`Debian's pools: ${version === undefined ? "what was fetched does not start" : `version ${version} is too old`}`);
    } catch (error) {
      tried.push(`Debian's pools: ${(error as Error).message}`);
    }
  }
  throw new NatsServerMissingError(least, tried);
}

function onPath(env: NodeJS.ProcessEnv): readonly string[] {
  const directories = [...(env["PATH"] ?? "").split(delimiter).filter((one) => one !== ""), "/usr/sbin", "/usr/local/sbin"];
  return [...new Set(directories)].map((directory) => join(directory, "nats-server"));
}

function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const base = env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "orgtree");
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    return parseVersion(await runProgram(path, ["--version"]));
  } catch {
    return undefined;
  }
}
