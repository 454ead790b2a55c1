import { SpecError } from "@orgtree/core";
import {
  gatewayPermissions,
  inboxOf,
  nodePermissions,
  operatorPermissions,
  type Permissions,
  type Pools,
  type RoleContacts,
  rolePermissions,
} from "./permissions.ts";
import type { ServerAccount } from "./server-config.ts";

/** Somebody whose processes share an account, and nothing with those of others. */
export interface Tenant {
  /** Letters, digits, `_` and `-`. */
  readonly name: string;
  readonly namespace: string;
  readonly pools: Pools;
  /** Roles that run in processes of their own, and with whom they have to do. */
  readonly roles?: ReadonlyMap<string, RoleContacts> | undefined;
  /** Bytes of journals and leases. */
  readonly fileBytes: number;
}

/** A user of a tenant: who connects with its key, and says where answers are to come. */
export interface TenantUser {
  readonly name: string;
  readonly inbox: string;
  readonly permissions: Permissions;
}

/** What consumers of leases, of which each node has one, and what is on its way need. */
const memoryBytes = 67_108_864;
const namePattern = /^[A-Za-z0-9_-]{1,40}$/;

/**
 * The users of a tenant: `gateway`, `operator`, `node`, which may host all pools; where there are several, `node-<pool>` for each; and `role-<role>`.
 * Throws `SpecError` for names that cannot be part of a subject, and for a role that is called as a pool or a service is.
 */
export function tenantUsers({ name, namespace, pools, roles = new Map() }: Tenant): readonly TenantUser[] {
  for (const [field, word] of [["tenant", name] as const, ["namespace", namespace] as const]) checkName(field, word);
  if (name === "SYS") throw new SpecError("tenant", "SYS is the account of the servers themselves; choose another name");
  for (const pool of Object.keys(pools)) checkName("pools", pool);
  const user = (who: string, make: (place: { namespace: string; inbox: string }) => Permissions): TenantUser => {
    const inbox = inboxOf(who);
    return { name: who, inbox, permissions: make({ namespace, inbox }) };
  };
  const own = Object.entries(pools).map(([pool, count]) => user(`node-${pool}`, (place) => nodePermissions(place, { [pool]: count })));
  return [
    user("gateway", (place) => gatewayPermissions(place, pools)),
    user("operator", (place) => operatorPermissions(place, pools)),
    user("node", (place) => nodePermissions(place, pools)),
    ...(own.length > 1 ? own : []),
    ...Array.from(roles, ([role, contacts]) => {
      checkRole(role, pools);
      return user(`role-${role}`, (place) => rolePermissions(place, role, contacts));
    }),
  ];
}

/** The account of a tenant; `keyOf` knows the public key of each user. Throws as `tenantUsers` does. */
export function tenantAccount(tenant: Tenant, keyOf: (user: string) => string): ServerAccount {
  const { name, pools, fileBytes } = tenant;
  const users = tenantUsers(tenant).map(({ name: user, permissions }) => ({ name: user, nkey: keyOf(user), permissions }));
  const streams = 1 + Object.values(pools).reduce((sum, count) => sum + count, 0);
  return { name, users, fileBytes, memoryBytes, streams };
}

function checkRole(role: string, pools: Pools): void {
  checkName("roles", role);
  if (Object.hasOwn(pools, role) || role === "gateway" || role === "operator")
    throw new SpecError("roles", `the role "${role}" is called as a pool or a service is: it could send as that one; rename one of them`);
}

function checkName(field: string, name: string): void {
  if (!namePattern.test(name)) throw new SpecError(field, `1 to 40 letters, digits, _ and -, not "${name}"`);
}
