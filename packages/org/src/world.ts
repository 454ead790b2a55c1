import type { Address } from "@orgtree/core";
import type { AgentModel } from "./agent-model.ts";
import type { CheckedCharter } from "./charter.ts";
import type { Checker } from "./checker.ts";
import type { RecordView } from "./run-record.ts";
import type { ToolBox } from "./tool-box.ts";

/** What one agent of a running organization is given. What it does with it is recorded; the record itself it can only read. */
export interface AgentWorld {
  readonly name: string;
  readonly address: Address;
  readonly charter: CheckedCharter;
  readonly model: AgentModel;
  readonly tools: ToolBox;
  /** Executes the checks of the contract; none where the organization has no contract. */
  readonly checker: Checker | undefined;
  readonly record: RecordView;
  /** Records an alarm about this agent. */
  readonly raiseAlarm: (level: "yellow" | "red", what: string) => void;
}
