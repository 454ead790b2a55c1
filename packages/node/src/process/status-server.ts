import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a service tells of itself. */
export interface Status {
  /** Why it cannot do its work just now; undefined where it can. */
  problem(): string | undefined;
  /** What is counted: names as Prometheus has them, and their values, by labels. */
  metrics(): readonly Metric[];
}

/** One metric. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly values: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/** A small server for those who look after processes: `/healthz`, `/readyz`, `/metrics`. */
export async function serveStatus(status: Status, where: { readonly host: string; readonly port: number }): Promise<StatusServer> {
  const server = createServer({ requestTimeout: 5_000 }, (request, response) => {
    const [path] = (request.url ?? "").split("?");
    const problem = path === "/readyz" ? status.problem() : undefined;
    if (request.method !== "GET" && request.method !== "HEAD") response.writeHead(405, { allow: "GET, HEAD" }).end();
    else if (path === "/healthz" || path === "/readyz")
      response.writeHead(problem === undefined ? 200 : 503, text).end(`${problem ?? "ok"}\n`);
    else if (path === "/metrics")
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(exposition(status.metrics()));
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

/** The text format of Prometheus, version 0.0.4. */
function exposition(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, help, type, values }) => {
      const lines = values.map(({ labels, value }) => `${name}${labelsText(labels)} ${value}`);
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
    })
    .join("");
}

function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return "";
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll(/["\\\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`))}"`,
  );
  return `{${parts.join(",")}}`;
}
