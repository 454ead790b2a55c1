import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exposition, expositionType, type Metric } from "./exposition.ts";

/** What a service tells of itself. */
export interface Status {
  /** Why it cannot do its work just now; undefined where it can. */
  problem(): string | undefined;
  /** What is counted: names as Prometheus has them, and their values, by labels. */
  metrics(): readonly Metric[];
}

/** A small server for those who look after processes: `/healthz`, `/readyz`, `/metrics`. */
export async function serveStatus(status: Status, where: { readonly host: string; readonly port: number }): Promise<StatusServer> {
  const server = createServer({ requestTimeout: 5_000 }, (request, response) => {
    const [path] = (request.url ?? "").split("?");
    const problem = path === "/readyz" ? status.problem() : undefined;
    if (request.method !== "GET" && request.method !== "HEAD") response.writeHead(405, { allow: "GET, HEAD" }).end();
    else if (path === "/healthz" || path === "/readyz")
      response.writeHead(problem === undefined ? 200 : 503, text).end(`${problem ?? "ok"}\n`);
    else if (path === "/metrics") response.writeHead(200, { "content-type": expositionType }).end(exposition(status.metrics()));
    else response.writeHead(404, text).end("there are /healthz, /readyz and /metrics\n");
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(where.port, where.host, resolve);
  await promise;
  return new StatusServer(server);
}

/** The server, while it runs. */
export class StatusServer {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const text = { "content-type": "text/plain; charset=utf-8" };
