/** What the tests of services are made of: a real nats-server, processes that host a partition, and the gateway, all in this process. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WireTransport } from "@orgtree/cluster";
import type { Address, Endpoint } from "@orgtree/core";
import { NatsLink, NatsWire, openJetStreamJournal } from "@orgtree/nats";
import type { LocalServer } from "@orgtree/nats/server";
import { type Catalog, deskEndpoint, type DeskLimits, Partition, serveNews } from "@orgtree/node";
import { plain, systemClock, systemRandom } from "@orgtree/runtime";
import { runnableLookout } from "../support/lookout.ts";
import { makeLogger } from "../../services/gateway/src/logger.ts";
import { readConfig } from "../../services/gateway/src/config.ts";
import { type Gateway, openGateway } from "../../services/gateway/src/gateway.ts";

export const operator = "operator-secret-0123456789";
export const tenant = "tenant-secret-0123456789";

const silent = makeLogger({ logLevel: "silent", namespace: "test" });
export const endpointOf = (address: Address): Endpoint => deskEndpoint(address) ?? "main-0";

/** A call of the tool: it waits until it is let go. */
interface HeldCall {
  readonly key: string;
  readonly let: (observed?: string) => void;
}

/** A namespace of its own on a server, with one partition. */
export class TestCluster implements AsyncDisposable {
  readonly #server: LocalServer;
  readonly namespace: string;
  readonly #stack = new AsyncDisposableStack();
  readonly #calls: HeldCall[] = [];
  readonly #waiting: ((call: HeldCall) => void)[] = [];

  constructor(server: LocalServer, namespace: string) {
    this.#server = server;
    this.namespace = namespace;
  }

  /** The next call of the tool by any process. */
  nextCall(): Promise<HeldCall> {
    const call = this.#calls.shift();
    return call === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(call);
  }

  /** A process begins to host the partition, whoever did before. */
  async host(desk?: Partial<DeskLimits>): Promise<Host> {
    const link = await NatsLink.connect({ servers: this.#server.url });
    const journal = await openJetStreamJournal(link, { name: `${this.namespace}-main-0` });
    const wire = new NatsWire(link, { namespace: this.namespace });
    const outlives = (at: Endpoint): boolean => at === "main-0";
    const parts = { clock: systemClock, random: systemRandom, logger: silent };
    const transport = new WireTransport({ ...parts, wire, endpoint: "main-0", endpointOf, outlives, epoch: journal.epoch });
    const partition = await Partition.begin({
      ...parts,
      endpoint: "main-0",
      journal,
      transport,
      catalog: this.#catalog(),
      desk,
      process: "test",
      marks: join(tmpdir(), `orgtree-runs-${this.namespace}`),
    });
    const stop = await serveNews(link, { namespace: this.namespace, endpoint: "main-0", partition });
    const host = new Host(link, partition, stop);
    this.#stack.use(host);
    return host;
  }

  /** The gateway, with variables of the environment. */
  async gateway(environment: Readonly<Record<string, string>> = {}): Promise<Gateway> {
    const config = readConfig(
      {
        NATS_URL: this.#server.url,
        ORGTREE_NAMESPACE: this.namespace,
        ORGTREE_PARTITIONS: "main=1",
        ORGTREE_TOKENS: `ops:${operator} acme:${tenant}:acme-`,
        ORGTREE_REQUESTS_PER_SECOND: "100000",
        ORGTREE_HEARTBEAT_MS: "200",
        PORT: "0",
        LOG_LEVEL: "silent",
        ...environment,
      },
      () => "",
    );
    const gateway = await openGateway({
      config,
      connect: { servers: this.#server.url },
      clock: systemClock,
      random: systemRandom,
      logger: silent,
    });
    this.#stack.defer(() => gateway.close());
    return gateway;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  #catalog(): Catalog {
    const look = (key: string): Promise<string> =>
      new Promise((resolve) => this.#held({ key, let: (observed = "the sea is calm") => resolve(observed) }));
    return {
      organizations: { lookout: runnableLookout(look, 2) },
      actors: {
        // It ends with what it was given.
        echo: (input) => ({
          logic: plain<unknown, never>({
            init(_input, turn) {
              turn.setTimer("end", 0);
              return input;
            },
            receive: (state) => state,
            signal(state, { type }, turn) {
              if (type === "orgtree.timer") turn.exit({ kind: "normal", output: state });
              return state;
            },
          }),
        }),
        idler: () => ({ logic: plain<null, never>({ init: () => null, receive: (state) => state }) }),
      },
    };
  }

  #held(call: HeldCall): void {
    const resolve = this.#waiting.shift();
    if (resolve === undefined) this.#calls.push(call);
    else resolve(call);
  }
}

/** A process that hosts the partition. */
export class Host implements AsyncDisposable {
  readonly #link: NatsLink;
  readonly partition: Partition;
  readonly #stopNews: () => void;

  constructor(link: NatsLink, partition: Partition, stopNews: () => void) {
    this.#link = link;
    this.partition = partition;
    this.#stopNews = stopNews;
  }

  /** Nothing of it is heard any more, from one moment to the next. */
  async kill(): Promise<void> {
    await this.#link.connection.close();
  }

  /** In order. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopNews();
    await this.partition.end();
    await this.#link.close();
  }
}
