export { circuitBreaker, type CircuitBreaker, type CircuitBreakerOptions } from "./circuit-breaker.ts";
export { type ConcurrencyLimitOptions, rateLimited } from "./concurrency-limit.ts";
export { openaiModel, type OpenaiModelOptions } from "./openai/openai-model.ts";
export type { ModelPrices } from "./prices.ts";
export { parseRecordings, type RecordedError, type Recording, recordingModel, type RecordingSink } from "./recording/recordings.ts";
export { replayingModel, type ReplayingModel } from "./recording/replaying-model.ts";
export { requestHash } from "./recording/request-hash.ts";
export { type Retry, type RetryOptions, withRetries } from "./retries.ts";
export type { RoleScripts, Script } from "./script/script.ts";
export {
  callTool,
  failWith,
  garbage,
  hang,
  say,
  type ScriptedFailure,
  type ScriptedReply,
  type ScriptPart,
  type ScriptReply,
  type ScriptStep,
} from "./script/script-step.ts";
export { scriptedModel, type ScriptedModel, type ScriptedModelOptions } from "./script/scripted-model.ts";
export { estimateTokens } from "./token-estimate.ts";
