/** What is counted, in the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */

type Labels = Readonly<Record<string, string>>;

/** Upper bounds of durations, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a gateway counts. There are as many rows as routes have statuses, whatever is sent. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, { readonly buckets: number[]; sum: number }>();
  readonly #submitted = new Map<string, number>([
    [shown({ new: "true" }), 0],
    [shown({ new: "false" }), 0],
  ]);

  /** A request was answered. */
  request({ method, route, status }: { readonly method: string; readonly route: string; readonly status: number }, seconds: number): void {
    add(this.#requests, shown({ method, route, status: String(status) }));
    const key = shown({ method, route });
    let duration = this.#durations.get(key);
    if (duration === undefined)
      this.#durations.set(key, (duration = { buckets: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 }));
    const at = bounds.findIndex((bound) => seconds <= bound);
    duration.buckets[at === -1 ? bounds.length : at]!++;
    duration.sum += seconds;
  }

  /** A job was submitted, or submitted again. */
  submitted(isNew: boolean): void {
    add(this.#submitted, shown({ new: String(isNew) }));
  }

  /** All of it, and what is measured just now. */
  text({ openStreams, isConnected }: { readonly openStreams: number; readonly isConnected: boolean }): string {
    return [
      ...head("orgtree_gateway_requests_total", "counter", "Requests that were answered."),
      ...Array.from(this.#requests, ([labels, count]) => `orgtree_gateway_requests_total${labels} ${count}`),
      ...head("orgtree_gateway_request_seconds", "histogram", "How long requests took; of a stream, until it ended."),
      ...Array.from(this.#durations).flatMap(([labels, duration]) => histogram("orgtree_gateway_request_seconds", labels, duration)),
      ...head("orgtree_gateway_jobs_submitted_total", "counter", "Jobs that were stored, or were there already."),
      ...Array.from(this.#submitted, ([labels, count]) => `orgtree_gateway_jobs_submitted_total${labels} ${count}`),
      ...head("orgtree_gateway_open_streams", "gauge", "Streams of events that are open."),
      `orgtree_gateway_open_streams ${openStreams}`,
      ...head("orgtree_gateway_nats_connected", "gauge", "Whether the connection to NATS stands."),
      `orgtree_gateway_nats_connected ${isConnected ? 1 : 0}`,
      "",
    ].join("\n");
  }
}

function head(name: string, type: string, help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function histogram(
  name: string,
  labels: string,
  { buckets, sum }: { readonly buckets: readonly number[]; readonly sum: number },
): readonly string[] {
  let count = 0;
  const lines = buckets.map((each, at) => `${name}_bucket${labels.replace(/\}$/, `,le="${bounds[at] ?? "+Inf"}"}`)} ${(count += each)}`);
  return [...lines, `${name}_sum${labels} ${sum}`, `${name}_count${labels} ${count}`];
}

function add(counts: Map<string, number>, labels: string): void {
  counts.set(labels, (counts.get(labels) ?? 0) + 1);
}

/** None of our own values has anything in it that would have to be escaped. */
function shown(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",")}}`;
}
