/**
 * Circuit breaker: leaves a failing server in peace.
 *
 * Invariants
 *   B1. Only retryable failures count; any other answer, a refusal too, shows that the server works and closes the circuit.
 *   B2. While it is open nothing reaches the client; while a trial runs, nothing but the trial.
 *   B3. A call counts only in the period in which it began: one that began before the circuit opened cannot close it.
 *
 * The pattern is Nygard's (Release It!, 2nd edition, §5.2).
 */
import {
  checkCount,
  checkLeast,
  type Clock,
  type Logger,
  type ModelCallOptions,
  type ModelClient,
  ModelError,
  type ModelRequest,
  type ModelResponse,
} from "@orgtree/core";

/** When the circuit opens and for how long. */
export interface CircuitBreakerOptions {
  /** Retryable failures in a row that open the circuit. At least 1. Default 5. */
  readonly failures?: number | undefined;
  /** How long it stays open before one call is let through, in milliseconds. At least 1. Default 30,000. */
  readonly openMs?: number | undefined;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
}

/** A client behind a circuit breaker. */
export interface CircuitBreaker extends ModelClient {
  /** `trial`: one call is under way, and its outcome decides. */
  readonly circuit: "closed" | "open" | "trial";
}

/**
 * Fails fast, without asking, after a number of retryable failures in a row, until a trial succeeds.
 *
 * It then throws a `ModelError` of the kind that opened the circuit, whose `retryAfterMs` is the time until the next trial.
 * Put it around `withRetries`, not within: what the retries could not cure is one failure.
 */
export function circuitBreaker(client: ModelClient, options: CircuitBreakerOptions): CircuitBreaker {
  const failures = checkCount(options.failures ?? 5, 1, "failures");
  const openMs = checkLeast(options.openMs ?? 30_000, 1, "openMs");
  return new Breaker(client, { ...options, failures, openMs });
}

type Circuit =
  | { readonly status: "closed"; readonly failuresInARow: number }
  | { readonly status: "open"; readonly untilMs: number; readonly error: ModelError }
  | { readonly status: "trial"; readonly error: ModelError };

type CheckedOptions = CircuitBreakerOptions & { readonly failures: number; readonly openMs: number };

class Breaker implements CircuitBreaker {
  readonly provider: string;
  readonly model: string;
  readonly isPriced: boolean | undefined;
  readonly resume: ModelClient["resume"];
  readonly #client: ModelClient;
  readonly #options: CheckedOptions;
  #circuit: Circuit = { status: "closed", failuresInARow: 0 };
  /** Rises whenever the status changes (B3). */
  #period = 0;

  constructor(client: ModelClient, options: CheckedOptions) {
    this.provider = client.provider;
    this.model = client.model;
    this.isPriced = client.isPriced;
    this.resume = client.resume?.bind(client);
    this.#client = client;
    this.#options = options;
  }

  get circuit(): Circuit["status"] {
    return this.#circuit.status;
  }

  worstCase(request: ModelRequest): { readonly tokens: number; readonly usd: number } {
    return this.#client.worstCase(request);
  }

  async complete(request: ModelRequest, call: ModelCallOptions = {}): Promise<ModelResponse> {
    call.signal?.throwIfAborted();
    this.#admit();
    const period = this.#period;
    try {
      const response = await this.#client.complete(request, call);
      this.#hear(period, "works");
      return response;
    } catch (thrown) {
      // The caller gave up, or something broke on our side: that says nothing about the server.
      const isAnswer = thrown instanceof ModelError && !call.signal?.aborted;
      this.#hear(period, isAnswer ? (thrown.retryable ? thrown : "works") : "unknown");
      throw thrown;
    }
  }

  #admit(): void {
    const circuit = this.#circuit;
    if (circuit.status === "closed") return;
    const leftMs = circuit.status === "open" ? circuit.untilMs - this.#options.clock.nowMs() : this.#options.openMs;
    if (leftMs > 0) throw this.#refusal(circuit.error, leftMs);
    this.#turn({ status: "trial", error: circuit.error });
  }

  #hear(period: number, outcome: "works" | "unknown" | ModelError): void {
    if (period !== this.#period) return;
    const next = decideCircuit(this.#circuit, outcome, { ...this.#options, nowMs: this.#options.clock.nowMs() });
    if (next.status === this.#circuit.status) this.#circuit = next;
    else this.#turn(next);
  }

  #turn(next: Circuit): void {
    this.#circuit = next;
    this.#period += 1;
    this.#options.logger?.warn({ provider: this.provider, model: this.model, circuit: next.status }, `circuit is ${next.status}`);
  }

  #refusal(error: ModelError, retryAfterMs: number): ModelError {
    const message = `circuit open: ${this.provider} ${this.model} keeps failing, last with "${error.message}"; wait ${retryAfterMs} ms, or use another model`;
    return new ModelError(error.kind, message, { retryAfterMs, cause: error });
  }
}

interface CircuitRules {
  readonly failures: number;
  readonly openMs: number;
  readonly nowMs: number;
}

function decideCircuit(circuit: Circuit, outcome: "works" | "unknown" | ModelError, rules: CircuitRules): Circuit {
  if (outcome === "works") return { status: "closed", failuresInARow: 0 };
  // A trial without an outcome has to be repeated, by whoever comes next.
  if (outcome === "unknown") return circuit.status === "trial" ? { status: "open", untilMs: rules.nowMs, error: circuit.error } : circuit;
  const failuresInARow = circuit.status === "closed" ? circuit.failuresInARow + 1 : rules.failures;
  if (failuresInARow < rules.failures) return { status: "closed", failuresInARow };
  return { status: "open", untilMs: rules.nowMs + rules.openMs, error: outcome };
}
