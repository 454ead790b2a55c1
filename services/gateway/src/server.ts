import { randomUUID } from "node:crypto";
import { Ajv } from "ajv";
import { fastify, type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import type { GatewayLimits } from "./config.ts";
import { jobOperations, type JobParts } from "./job-operations.ts";
import { OpenStreams } from "./open-streams.ts";
import type { Access, Operation, Parameters } from "./operation.ts";
import { Metrics } from "./metrics.ts";
import { plainJson } from "./plain-json.ts";
import { Problem, toProblem } from "./problem.ts";
import { systemOperations, type SystemParts } from "./system-operations.ts";
import { findToken, isOperator, type Token } from "./tokens.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What a server needs. */
export interface ServerParts extends Omit<JobParts & SystemParts, "client" | "streams" | "metrics" | "logger" | "limits"> {
  readonly client: JobParts["client"] & SystemParts["client"];
  readonly logger: FastifyBaseLogger;
  readonly tokens: readonly Token[];
  readonly limits: GatewayLimits;
}

/** What is sent with everything: https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html */
const headers = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** How long a request may take to arrive, and a connection be idle, in milliseconds. */
const arrivalMs = 30_000;
const idleMs = 72_000;

/** The HTTP server of a gateway, not listening yet. Closing it ends its streams, and waits for the requests that are under way. */
export function makeServer(parts: ServerParts): FastifyInstance {
  const { limits, logger } = parts;
  const [streams, metrics] = [new OpenStreams(limits), new Metrics()];
  const jobs = jobOperations({ ...parts, streams, metrics });
  const operations = [...jobs, ...systemOperations({ ...parts, streams, metrics }, jobs)];
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1_000 },
    genReqId: ({ headers: { "x-request-id": own } }) =>
      typeof own === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(own) ? own : randomUUID(),
    requestTimeout: arrivalMs,
    keepAliveTimeout: idleMs,
    return503OnClosing: false,
    http: { headersTimeout: arrivalMs },
    // A path that cannot be decoded never comes to a route.
    frameworkErrors: (error, request, reply) => sendProblem(toProblem(error), request, reply),
  });
  server.server.maxConnections = limits.connections;
  validateWith(server);
  const gate = new Gate(parts);
  let isClosing = false;
  server.addHook("preClose", (done) => {
    isClosing = true;
    streams.end();
    done();
  });
  server.addHook("onRequest", (request, reply, done) => {
    reply.headers({ ...headers, "x-request-id": request.id });
    if (!isClosing) return done();
    reply.header("connection", "close");
    done(new Problem("closing", "it is shutting down; connect again, to another one or in a moment", { retryAfterS: 1 }));
  });
  server.addHook("onResponse", (request, reply, done) => {
    const [status, ms] = [reply.statusCode, Math.round(reply.elapsedTime)];
    const facts = { requestId: request.id, method: request.method, url: request.url, status, ms, token: gate.tokenOf(request)?.name };
    logger[status >= 500 ? "warn" : "info"](facts, "request");
    metrics.request({ method: request.is404 ? "other" : request.method, route: request.routeOptions.url ?? "other", status }, ms / 1_000);
    done();
  });
  server.setErrorHandler((error, request, reply) => sendProblem(toProblem(error), request, reply));
  server.setNotFoundHandler((request, reply) =>
    sendProblem(new Problem("not-found", "see /openapi.json for what there is, and by which method"), request, reply),
  );
  for (const operation of operations) serve(server, operation, gate);
  return server;
}

/** Texts of a URL become numbers where numbers are wanted; nothing in a body becomes anything else. */
function validateWith(server: FastifyInstance): void {
  const [ofTexts, ofBodies] = [true, false].map((coerceTypes) => new Ajv({ coerceTypes, useDefaults: true, strict: false }));
  server.setValidatorCompiler(({ schema, httpPart }) => (httpPart === "body" ? ofBodies! : ofTexts!).compile(schema as object));
  server.setSerializerCompiler(() => plainJson);
}

function serve(server: FastifyInstance, { method, path, access, params, query, body, handle }: Operation, gate: Gate): void {
  const shape = (properties: Parameters): object => ({ type: "object", properties });
  server.route({
    method,
    url: path,
    schema: { ...(params && { params: shape(params) }), ...(query && { querystring: shape(query) }), ...(body && { body }) },
    onRequest: (request, _reply, done) => {
      gate.admit(request, access);
      done();
    },
    async handler(request, reply) {
      const answer = await handle({
        request,
        reply,
        get token() {
          return gate.tokenOf(request)!;
        },
      });
      // A text or a stream is sent as it is.
      if (typeof answer === "string" || reply.hasHeader("content-type")) return reply.send(answer);
      return reply.type("application/json; charset=utf-8").send(plainJson(answer));
    },
  });
}

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const { kind, status, retryAfterS, cause } = problem;
  if (kind === "internal") request.log.error({ requestId: request.id, err: cause }, "an unexpected error");
  if (kind === "unauthorized")
    reply.header("www-authenticate", `Bearer realm="orgtree"${request.headers.authorization ? ', error="invalid_token"' : ""}`);
  if (retryAfterS !== undefined) reply.header("retry-after", String(retryAfterS));
  void reply
    .code(status)
    .type("application/problem+json")
    .send(plainJson(problem.document(request.id)));
}

/** Who comes in, and how often. */
class Gate {
  readonly #parts: Pick<ServerParts, "tokens" | "clock" | "limits">;
  readonly #admitted = new WeakMap<FastifyRequest, Token>();
  readonly #buckets = new Map<Token, TokenBucket>();

  constructor(parts: Pick<ServerParts, "tokens" | "clock" | "limits">) {
    this.#parts = parts;
  }

  /** Throws a `Problem`. */
  admit(request: FastifyRequest, access: Access): void {
    if (access === "everybody") return;
    const { tokens, clock, limits } = this.#parts;
    // https://www.rfc-editor.org/rfc/rfc6750#section-2.1
    const [, secret] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    const token = secret === undefined ? undefined : findToken(tokens, secret);
    if (token === undefined) {
      const what = secret === undefined ? "the header Authorization is missing, or is no bearer token" : "nobody has this token";
      throw new Problem("unauthorized", `${what}; send Authorization: Bearer and a token of ORGTREE_TOKENS`);
    }
    this.#admitted.set(request, token);
    let bucket = this.#buckets.get(token);
    if (bucket === undefined) this.#buckets.set(token, (bucket = new TokenBucket(limits.requestsPerSecond, clock.nowMs())));
    const waitMs = bucket.take(clock.nowMs());
    if (waitMs > 0) {
      const detail = `${token.name} may make ${limits.requestsPerSecond} requests a second; wait for what Retry-After says`;
      throw new Problem("too-many-requests", detail, { retryAfterS: Math.ceil(waitMs / 1_000) });
    }
    if (access === "operator" && !isOperator(token))
      throw new Problem("forbidden", `${token.name} is a tenant's; this is for tokens without a prefix of ids`);
  }

  tokenOf(request: FastifyRequest): Token | undefined {
    return this.#admitted.get(request);
  }
}
