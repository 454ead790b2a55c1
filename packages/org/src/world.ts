import type { Address, ModelClient } from "@orgtree/core";
import type { CheckedCharter } from "./charter.ts";
import type { Checker } from "./checker.ts";
import type { RunRecord } from "./run-record.ts";
import type { ToolBox } from "./tool-box.ts";

/** What one agent of a running organization is given. */
export interface AgentWorld {
  readonly name: string;
  readonly address: Address;
  readonly charter: CheckedCharter;
  readonly model: ModelClient;
  readonly tools: ToolBox;
  /** Executes the checks of the contract; none where the organization has no contract. */
  readonly checker: Checker | undefined;
  readonly record: RunRecord;
}
