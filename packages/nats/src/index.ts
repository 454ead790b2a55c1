export { NatsError, type NatsProblem } from "./connection/nats-error.ts";
export { natsSettings, type NatsEnvironment } from "./connection/nats-settings.ts";
export { type LinkEvent, NatsLink, type NatsLinkOptions } from "./connection/nats-link.ts";
export { type Answer, NatsRequests } from "./connection/nats-requests.ts";
export { type MicroEndpoint, MicroService, type MicroServiceOptions } from "./micro/micro-service.ts";
export { newNkey, type Nkey, nkeyOf } from "./access/nkey.ts";
export { inboxOf, type Permissions, type Pools, type RoleContacts, rolePermissions } from "./access/permissions.ts";
export {
  type ServerAccount,
  type ServerCluster,
  type ServerConfig,
  type ServerTls,
  writeClusterConfig,
  writeServerConfig,
} from "./access/server-config.ts";
export { type Tenant, tenantAccount, type TenantUser, tenantUsers } from "./access/tenant.ts";
export { wireSubject } from "./wire/wire-subject.ts";
export { type PassingPacket, tapWire } from "./wire/tap-wire.ts";
export { NatsWire, type NatsWireOptions } from "./wire/nats-wire.ts";
export { JetStreamJournalError, type JetStreamProblem } from "./journal/journal-problem.ts";
export { JetStreamJournal, type JetStreamJournalOptions, openJetStreamJournal } from "./journal/jetstream-journal.ts";
export { type JetStreamReaderOptions, openJetStreamReader } from "./journal/jetstream-reader.ts";
export { findNatsLeases, NatsLeases, type NatsLeasesOptions, openNatsLeases } from "./leases/nats-leases.ts";
