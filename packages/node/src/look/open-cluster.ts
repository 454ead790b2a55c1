import { type NamespaceView, viewNamespace, watchNamespace } from "@orgtree/cluster";
import { type Clock, type Endpoint, ExpectedError, type Logger, type Random } from "@orgtree/core";
import { findNatsLeases, NatsLink, type NatsLinkOptions, type PassingPacket, tapWire } from "@orgtree/nats";
import { systemClock, systemRandom } from "@orgtree/runtime";
import type { ClusterClient } from "../cluster-client.ts";
import { ClusterNews } from "../cluster-news.ts";
import { endpointsOf } from "../cluster-node.ts";
import { connectClient } from "../connect-client.ts";
import type { JobNews } from "../job-news.ts";
import { type HandJournal, type JobPast, openJobPast, takeRunPast } from "./job-past.ts";
import { NodeClient } from "./node-client.ts";

/** Which cluster, and how long to wait for it. */
export interface OpenClusterOptions {
  readonly connect: NatsLinkOptions;
  readonly namespace: string;
  /** How long a node, a desk or the leases may take to answer, in milliseconds. */
  readonly answerMs: number;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger: Logger;
}

/** A cluster, for who looks at it and gives it work. */
export interface ConnectedCluster extends AsyncDisposable {
  /** As people know the server. */
  readonly server: string;
  readonly namespace: string;
  /** Who took part when it was opened. */
  readonly view: NamespaceView;
  readonly jobs: ClusterClient;
  readonly news: JobNews;
  readonly nodes: NodeClient;
  /** What is stored of a job; see `openJobPast`. */
  past(id: string): Promise<JobPast | undefined>;
  /** The same to write to it; see `takeRunPast`. */
  takePast(id: string): Promise<HandJournal>;
  /** Hears packets on their way; see `tapWire`. */
  tap(at: Endpoint, listener: (packet: PassingPacket) => void): Promise<() => void>;
  /** Tells who takes part, now and after each change, until the function that it gives back is called. */
  watch(changed: (view: NamespaceView) => void): () => void;
}

/** Connects to a cluster that is there. Rejects with `NatsError`, `LeaseError`, `ClusterError`, `UnknownNamespaceError`. */
export async function openCluster(options: OpenClusterOptions): Promise<ConnectedCluster> {
  const { connect, namespace, answerMs, clock = systemClock, random = systemRandom, logger } = options;
  const link = await NatsLink.connect({ ...connect, name: connect.name ?? "orgtree command" });
  await using stack = new AsyncDisposableStack();
  stack.use(link);
  const leases = await findNatsLeases(link, { namespace, answerMs, outageMs: answerMs });
  if (leases === undefined) throw new UnknownNamespaceError(namespace, link.server);
  stack.defer(() => leases.close());
  const view = await viewNamespace(leases, { clock, withinMs: answerMs });
  if (view === undefined) throw new UnknownNamespaceError(namespace, link.server);
  const { partitions } = view;
  const { client } = stack.use(connectClient({ link, namespace, partitions, clock, random, logger, callMs: answerMs, as: "operator" }));
  const endpointOf = endpointsOf(partitions);
  const stored = { link, namespace, endpointOf, answerMs };
  const open = stack.move();
  return {
    server: link.server,
    namespace,
    view,
    jobs: client,
    news: new ClusterNews({ link, namespace, endpointOf }),
    nodes: new NodeClient({ link, namespace, answerMs }),
    past: (id) => openJobPast(id, stored),
    takePast: (id) => takeRunPast(id, stored),
    tap: (at, listener) => tapWire(link, { namespace, at }, listener),
    watch: (changed) => watchNamespace(leases, { clock, partitions, changed }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** No node has made the namespace. */
export class UnknownNamespaceError extends ExpectedError {
  override readonly name = "UnknownNamespaceError";
  readonly retryable = false;
  readonly namespace: string;

  constructor(namespace: string, server: string) {
    super(`there is no namespace "${namespace}" at ${server}: the first node makes it; start one, or name another`);
    this.namespace = namespace;
  }
}
