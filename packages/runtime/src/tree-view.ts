import { childAddress, type Address, type ChildInfo, type Endpoint } from "@orgtree/core";
import type { Kernel } from "./kernel/kernel.ts";
import { SupervisorBody } from "./supervisor/supervisor-body.ts";

/** One actor of the tree as plain data, for people, tests and the board. */
export interface TreeNode {
  readonly address: Address;
  readonly type: "worker" | "supervisor";
  /** Where it stands in its supervisor's eyes, or in its own: `suspended` waits for a directive. */
  readonly status: ChildInfo["status"] | "suspended";
  /** The machine's state, or the supervisor's strategy; undefined of an actor in another system, and of those below it nothing is known here. */
  readonly label: string | undefined;
  readonly incarnation: number;
  readonly restarts: number;
  /** Messages that wait. */
  readonly mailbox: number;
  /** Milliseconds since its newest turn began, or its life; undefined where nobody knows here, as of one in another process. */
  readonly quietMs: number | undefined;
  /** What it and everything below it have spent, where it has an account of its own. */
  readonly spent: { readonly turns: number; readonly tokens: number; readonly usd: number } | undefined;
  /** In start order. */
  readonly children: readonly TreeNode[];
  /** The system in which it lives, where that is another one: what is below it stands there, among its branches. */
  readonly elsewhere: Endpoint | undefined;
}

/** The tree below `address`, as its supervisor (`info`) and the actors themselves see it. */
export function viewTree(kernel: Kernel, address: Address, info?: ChildInfo): TreeNode {
  const cell = kernel.cells.get(address);
  const body = cell?.life?.body;
  const children = body instanceof SupervisorBody ? [...body.children()].reverse() : [];
  const phase = cell?.life?.phase;
  const elsewhere = kernel.remote?.children.get(address)?.view();
  return {
    address,
    type: info?.type ?? cell?.spec.type ?? "supervisor",
    status:
      phase === "suspended" || elsewhere?.isSuspended === true
        ? "suspended"
        : (info?.status ?? (phase === undefined || phase === "ended" ? "stopped" : phase)),
    label: body?.label(),
    incarnation: cell?.incarnations ?? elsewhere?.incarnation ?? 0,
    restarts: info?.restarts ?? 0,
    mailbox: cell?.mailbox.size ?? 0,
    quietMs: cell === undefined ? undefined : Math.max(0, Math.trunc(kernel.clock.nowMs()) - cell.lastTurnMs),
    spent: cell?.ownAccount?.spent() ?? elsewhere?.spent,
    children: children.map((child) => viewTree(kernel, childAddress(address, child.id), child)),
    elsewhere: kernel.remote?.hosts(address) === true ? kernel.remote.endpointOf(address) : undefined,
  };
}
