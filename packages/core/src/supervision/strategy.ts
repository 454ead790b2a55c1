import { isQuiet, type Exit } from "../exit.ts";

/** Whether a child comes back: always, only after an abnormal exit, never. OTP's restart types. */
export type RestartType = "permanent" | "transient" | "temporary";

/** Who else goes when one child goes. `dynamic` is OTP's simple_one_for_one and Elixir's DynamicSupervisor. */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one" | "dynamic";

/** When the end of significant children ends the supervisor (OTP 24). */
export type AutoShutdown = "never" | "any-significant" | "all-significant";

/** What becomes of a child after its exit: start it again, keep its spec without a process, or drop it. */
export type AfterExit = "restart" | "keep" | "drop";

/** Restart type × exit → what becomes of the child (OTP: `do_restart/3`). */
export function decideAfterExit(restart: RestartType, exit: Exit): AfterExit {
  switch (restart) {
    case "permanent":
      return "restart";
    case "transient":
      return isQuiet(exit) ? "keep" : "restart";
    case "temporary":
      return "drop";
    default:
      return restart satisfies never;
  }
}

/**
 * The children that are stopped and started with the failed one, itself included, in start order.
 *
 * `order` holds the ids in start order and contains `failed`; it is not read where only the failed child is affected, so
 * that one restart among 100,000 children costs nothing per sibling.
 */
export function affectedBy(strategy: Strategy, order: Iterable<string>, failed: string): readonly string[] {
  switch (strategy) {
    case "one-for-one":
    case "dynamic":
      return [failed];
    case "one-for-all":
      return [...order];
    case "rest-for-one": {
      const ids = [...order];
      return ids.slice(ids.indexOf(failed));
    }
    default:
      return strategy satisfies never;
  }
}

/**
 * Whether the end of a significant child by itself ends the supervisor.
 *
 * Only self-inflicted ends count: a transient child that ended quietly, a temporary one that ended at all
 * (the caller asks only for such). `othersRunning` counts other significant children that run or are being restarted.
 */
export function decideAutoShutdown(autoShutdown: AutoShutdown, othersRunning: number): boolean {
  switch (autoShutdown) {
    case "never":
      return false;
    case "any-significant":
      return true;
    case "all-significant":
      return othersRunning === 0;
    default:
      return autoShutdown satisfies never;
  }
}
