export { ClusterClient, type ClusterClientOptions, ClusterUnavailableError } from "./cluster-client.ts";
export { DeskFullError, JobConflictError, type DeskLimits } from "./desk.ts";
export type { Job, JobEnd, JobRequest } from "./job.ts";
export { type Catalog, type RunnableOrganization, UnknownWorkloadError } from "./catalog.ts";
export { Partition, type PartitionParts, type RunNewsPage } from "./partition.ts";
export { readRunInput, type RunInput } from "./run-input.ts";
export { deskAddress, deskEndpoint } from "./desk.ts";
