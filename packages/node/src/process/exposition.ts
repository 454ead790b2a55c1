/** One metric. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter" | "histogram";
  /** `suffix`: what is written behind the name, as of the parts of a histogram. */
  readonly values: readonly {
    readonly suffix?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly value: number;
  }[];
}

/** The text format of Prometheus, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function exposition(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, help, type, values }) => {
      const lines = values.map(({ suffix = "", labels, value }) => `${name}${suffix}${labelsText(labels)} ${value}`);
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
    })
    .join("");
}

/** What the answer of `/metrics` is. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return "";
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll(/["\\\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`))}"`,
  );
  return `{${parts.join(",")}}`;
}
