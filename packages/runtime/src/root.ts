/** The root of a tree, and what runs in the places below it. */
import { checkChildOf, describeExit, rootAddress, type Exit, type SupervisionEvent } from "@orgtree/core";
import type { Body } from "./actor/body.ts";
import { Cell } from "./actor/cell.ts";
import type { Supervisor } from "./actor/supervisor-link.ts";
import type { Incarnation } from "./actor/incarnation.ts";
import { PlainBody } from "./actor/plain-body.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { partsOf, typeOfLogic, type Logic } from "./logic.ts";
import { MachineBody } from "./machine/machine-body.ts";
import { SupervisorBody } from "./supervisor/supervisor-body.ts";
import { supervisor } from "./supervisor/supervisor.ts";

/** What runs in a cell, by its logic. */
export function makeBody(life: Incarnation, logic: Logic): Body {
  const parts = partsOf(logic);
  switch (parts.kind) {
    case "plain":
      return new PlainBody(life, parts);
    case "machine":
      return new MachineBody(life, parts);
    case "supervisor":
      return new SupervisorBody(life, parts, life.cell.address === rootAddress);
    default:
      return parts satisfies never;
  }
}

/** The place of the root, and its first life; `failed` hears why it ended, where that was not in order. */
export function makeRoot(kernel: Kernel, failed: (why: string) => void): Cell {
  const logic = supervisor({ strategy: "dynamic", maxChildren: 1_000_000 });
  const flags = { strategy: "one-for-one", autoShutdown: "never" } as const;
  const spec = checkChildOf<Logic>(flags, { id: "root", logic, mailbox: 1_000_000 }, { field: "root", typeOf: typeOfLogic });
  const above: Supervisor = { hear: (event) => afterRoot(root, event, failed), account: undefined, planVersion: undefined };
  const root = new Cell(kernel, { address: rootAddress, supervisor: above }, spec);
  kernel.cells.set(rootAddress, root);
  return root;
}

/** Nobody starts the root again: whoever waits for it is told. */
function afterRoot(root: Cell, event: SupervisionEvent<Logic>, failed: (why: string) => void): void {
  if (event.kind !== "exited" && event.kind !== "start-failed") return;
  const exit: Exit = event.kind === "exited" ? event.exit : { kind: "failure", failure: event.failure };
  if (exit.kind !== "shutdown") {
    root.kernel.logger.error({ exit: describeExit(exit) }, "the root did not end in order");
    failed(describeExit(exit));
  }
  root.forget();
}
