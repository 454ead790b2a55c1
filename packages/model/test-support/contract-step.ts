import { callTool, failWith, hang, type ScriptStep } from "../src/script/script-step.ts";
import type { ContractAnswer } from "./model-contract.ts";

/** The step of a script that gives an answer of the contract. */
export function toStep(answer: ContractAnswer): ScriptStep {
  if ("text" in answer) return answer.text;
  if ("toolCalls" in answer) return answer.toolCalls.map((call) => callTool(call.name, call.arguments));
  return "hangs" in answer ? hang() : failWith(answer.fails);
}
