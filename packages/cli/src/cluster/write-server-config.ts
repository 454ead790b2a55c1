import { type ServerTls, type Tenant, tenantAccount, tenantUsers, writeClusterConfig, writeServerConfig } from "@orgtree/nats";
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { roleContacts } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { importFile, organizationOf } from "../file/load-organization.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { tableLines, type Column } from "../text/table.ts";
import { keyIn, passwordIn, writePlain, writeSecret } from "./seed-files.ts";
import { namespaceOf } from "./with-cluster.ts";

/** What runs of an organization live in, where a node is told nothing else. */
const mainPool = "main";
const clusterFile = "cluster.conf";

/** Carries out `orgtree server-config`. */
export async function writeConfig(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { cwd, stdout } = surroundings;
  const out = valueOf(input, "out");
  if (out === undefined) throw new UsageError("--out is missing", "name a directory for the configuration and the keys");
  const directory = resolve(cwd, out);
  const tenants = await tenantsOf(input, surroundings);
  const [routes, tls] = [input.values.get("route") ?? [], tlsOf(input, cwd)];
  // Everything is looked at before anything is written.
  const users = tenants.map((tenant) => ({ tenant, users: tenantUsers(tenant) }));
  const rows = users.flatMap(({ tenant, users: all }) => all.map((user) => ({ tenant: tenant.name, user: user.name, inbox: user.inbox })));
  const seedOf = (tenant: string, user: string): string => join(directory, tenant, `${user}.nk`);
  const accounts = tenants.map((tenant) => tenantAccount(tenant, (user) => keyIn(seedOf(tenant.name, user)).publicKey));
  for (const { tenant, user, inbox } of rows) {
    writePlain(join(directory, tenant, `${user}.env`), `NATS_NKEY=${seedOf(tenant, user)}\nNATS_INBOX_PREFIX=${inbox}\n`);
  }
  if (routes.length > 0) {
    const listen = valueOf(input, "cluster-listen") ?? "127.0.0.1:6222";
    const password = passwordIn(join(directory, "route-password"));
    writeSecret(join(directory, clusterFile), writeClusterConfig({ name: "orgtree", listen, routes, password, tls }));
  }
  const text = writeServerConfig({
    listen: valueOf(input, "listen") ?? "127.0.0.1:4222",
    store: resolve(cwd, valueOf(input, "store") ?? join(directory, "store")),
    accounts,
    system: keyIn(seedOf("SYS", "system")).publicKey,
    tls,
    clusterFile: routes.length === 0 ? undefined : clusterFile,
  });
  const file = join(directory, "server.conf");
  writePlain(file, text);
  const written = [...rows.map(({ tenant, user }) => ({ tenant, user })), { tenant: "SYS", user: "system" }];
  printResult(surroundings, input.flags, {
    json: () => ({ file, users: written.map(({ tenant, user }) => ({ tenant, user, seed: seedOf(tenant, user) })) }),
    lines: () =>
      tableLines(
        columns,
        [["", "", file], ...written.map(({ tenant, user }) => [tenant, user, seedOf(tenant, user)])],
        stdout.size()?.columns,
      ),
  });
  return exitCode.done;
}

const columns: readonly Column[] = [{ title: "tenant" }, { title: "user", tone: "strong" }, { title: "file" }];

async function tenantsOf(input: CommandInput, surroundings: Surroundings): Promise<readonly Tenant[]> {
  const { readNodeConfig } = await import("@orgtree/node");
  const file = valueOf(input, "organization");
  const ORGTREE_PARTITIONS = valueOf(input, "partitions") ?? surroundings.environment["ORGTREE_PARTITIONS"];
  const { partitions: pools } = readNodeConfig({ ORGTREE_PARTITIONS }, { modules: ["none"] });
  const roles = file === undefined ? undefined : roleContacts(organizationOf(await importFile(file, surroundings)), mainPool);
  const namespace = namespaceOf(input, surroundings);
  const fileBytes = bytesOf(valueOf(input, "storage") ?? "8GB");
  if (new Set(input.operands).size < input.operands.length) throw new UsageError("a TENANT is named twice", "name each once");
  return input.operands.map((name) => ({ name, namespace, pools, roles, fileBytes }));
}

const units = { KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 } as const;

function bytesOf(text: string): number {
  const [, number, unit] = /^(\d+)(KB|MB|GB|TB)$/.exec(text.trim().toUpperCase()) ?? [];
  const bytes = Number(number) * units[unit as keyof typeof units];
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new UsageError(`--storage ${text} is no size`, "write it as 500MB or 8GB");
}

/** The paths of what is there: a server that does not find its certificate says so where nobody looks. */
function tlsOf(input: CommandInput, cwd: string): ServerTls | undefined {
  const [cert, key, ca] = ["tls-cert", "tls-key", "tls-ca"].map((option) => {
    const path = valueOf(input, option);
    if (path === undefined) return undefined;
    const file = resolve(cwd, path);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new UsageError(`--${option}: there is no file ${file}`);
    return file;
  });
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError("--tls-cert and --tls-key go together", "give both");
  return { cert, key, ca };
}
