import type { Access, Operation, Parameters } from "./operation.ts";
import { type ProblemName, problems, typeOf } from "./problem.ts";
import { components, ref, type Schema } from "./schemas.ts";

/** Of every operation, by who may call it. */
const always: Readonly<Record<Access, readonly ProblemName[]>> = {
  everybody: ["internal", "closing"],
  token: ["unauthorized", "too-many-requests", "internal", "closing"],
  operator: ["unauthorized", "forbidden", "too-many-requests", "internal", "closing"],
};

/** The document of what is served: https://spec.openapis.org/oas/v3.1.0 */
export function openApi(operations: readonly Operation[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = (paths[operation.path.replaceAll(/:(\w+)/g, "{$1}")] ??= {});
    path[operation.method.toLowerCase()] = describe(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "orgtree gateway",
      version,
      description: "The HTTP door of a cluster: jobs are submitted, looked at, followed and cancelled. Problems are documents of RFC 9457.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths,
    components: { schemas: components, securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
  };
}

function describe(operation: Operation): object {
  const { id, summary, description, access, params = {}, query = {}, headers = {}, body, answers } = operation;
  const parameters = [...list("path", params), ...list("query", query), ...list("header", headers)];
  const good = Object.entries(answers).map(([status, answer]) => [
    status,
    {
      description: answer.description,
      ...(answer.headers && { headers: Object.fromEntries(Object.entries(answer.headers).map(([name, schema]) => [name, { schema }])) }),
      content: { [answer.type ?? "application/json"]: { schema: answer.schema } },
    },
  ]);
  return {
    operationId: id,
    summary,
    ...(description && { description }),
    ...(access !== "everybody" && { security: [{ bearer: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: { "application/json": { schema: ref("JobSubmission") } } } }),
    responses: Object.fromEntries([...good, ...describeProblems([...always[access], ...operation.problems])]) as object,
  };
}

function list(where: string, parameters: Parameters): readonly object[] {
  return Object.entries(parameters).map(([name, schema]) => ({ name, in: where, required: where === "path", schema }));
}

function describeProblems(names: readonly ProblemName[]): readonly (readonly [string, object])[] {
  const byStatus = Map.groupBy(new Set(names), (name) => problems[name].status);
  return Array.from(byStatus, ([status, all]) => [
    String(status),
    {
      description: all.map((name) => `${problems[name].title} (\`${typeOf(name)}\`).`).join(" "),
      ...(status === 401 && { headers: { "WWW-Authenticate": { schema: text } } }),
      ...((status === 429 || status === 503) && { headers: { "Retry-After": { schema: text } } }),
      content: { "application/problem+json": { schema: ref("Problem") } },
    },
  ]);
}

const text: Schema = { type: "string" };
