import { exposition, type Metric } from "@orgtree/node";

type Labels = Readonly<Record<string, string>>;

/** Upper bounds of durations, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a gateway counts. There are as many rows as routes have statuses, whatever is sent. */
export class Metrics {
  readonly #requests = new Map<string, Count>();
  readonly #durations = new Map<string, Duration>();
  readonly #submitted = new Map<string, Count>();

  constructor() {
    for (const isNew of ["true", "false"]) add(this.#submitted, { new: isNew }, 0);
  }

  /** A request was answered. */
  request({ method, route, status }: { readonly method: string; readonly route: string; readonly status: number }, seconds: number): void {
    add(this.#requests, { method, route, status: String(status) });
    const [key, labels] = [`${method} ${route}`, { method, route }];
    let duration = this.#durations.get(key);
    if (duration === undefined)
      this.#durations.set(key, (duration = { labels, buckets: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 }));
    const at = bounds.findIndex((bound) => seconds <= bound);
    duration.buckets[at === -1 ? bounds.length : at]!++;
    duration.sum += seconds;
  }

  /** A job was submitted, or submitted again. */
  submitted(isNew: boolean): void {
    add(this.#submitted, { new: String(isNew) });
  }

  /** All of it, and what is measured just now, as text. */
  text({ openStreams, isConnected }: { readonly openStreams: number; readonly isConnected: boolean }): string {
    const prefix = "orgtree_gateway";
    return exposition([
      { name: `${prefix}_requests_total`, type: "counter", help: "Requests that were answered.", values: counted(this.#requests) },
      {
        name: `${prefix}_request_seconds`,
        type: "histogram",
        help: "How long requests took; of a stream, until it ended.",
        values: Array.from(this.#durations.values()).flatMap(histogram),
      },
      {
        name: `${prefix}_jobs_submitted_total`,
        type: "counter",
        help: "Jobs that were stored, or were there already.",
        values: counted(this.#submitted),
      },
      { name: `${prefix}_open_streams`, type: "gauge", help: "Streams of events that are open.", values: [{ value: openStreams }] },
      {
        name: `${prefix}_nats_connected`,
        type: "gauge",
        help: "Whether the connection to NATS stands.",
        values: [{ value: isConnected ? 1 : 0 }],
      },
    ]);
  }
}

interface Duration {
  readonly labels: Labels;
  readonly buckets: number[];
  sum: number;
}

interface Count {
  readonly labels: Labels;
  count: number;
}

function counted(counts: ReadonlyMap<string, Count>): Metric["values"] {
  return Array.from(counts.values(), ({ labels, count }) => ({ labels, value: count }));
}

function histogram({ labels, buckets, sum }: Duration): Metric["values"] {
  let count = 0;
  const rows = buckets.map((each, at) => ({
    suffix: "_bucket",
    labels: { ...labels, le: String(bounds[at] ?? "+Inf") },
    value: (count += each),
  }));
  return [...rows, { suffix: "_sum", labels, value: sum }, { suffix: "_count", labels, value: count }];
}

function add(counts: Map<string, Count>, labels: Labels, by = 1): void {
  const key = JSON.stringify(labels);
  const known = counts.get(key);
  if (known === undefined) counts.set(key, { labels, count: by });
  else known.count += by;
}
