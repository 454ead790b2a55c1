export { findServer, type FindServerOptions, type FoundServer } from "./find-server.ts";
export { freePorts, LocalCluster } from "./local-cluster.ts";
export { type ClusterPlace, LocalServer, type LocalServerOptions } from "./local-server.ts";
export { NatsServerMissingError } from "./server-missing-error.ts";
export { isAtLeast, oldestServer } from "./server-version.ts";
