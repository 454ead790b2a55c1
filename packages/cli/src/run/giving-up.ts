import { describeCause, type Observer } from "orgtree";
import type { Surroundings } from "../surroundings.ts";
import { firstLine } from "../text/display-width.ts";

/**
 * Tells standard error when the supervisor of a run gives up, and what reaches the root of the tree: whoever keeps only the
 * errors of a program has to hear of it. Where both outputs are the same terminal, the progress says it already.
 */
export function tellGivingUp(organization: string, { stdout, stderr }: Pick<Surroundings, "stdout" | "stderr">): Observer {
  if (stdout.isTerminal && stderr.isTerminal) return () => {};
  return (event) => {
    if (event.type === "escalated-to-root") {
      stderr.write(`orgtree: nobody could help ${event.address}: ${firstLine(describeCause(event.failure))}\n`);
    } else if (event.type === "report" && event.report.context === "gave-up" && event.report.supervisor === `/${organization}`) {
      const { child, chain } = event.report;
      const why = chain[0] === undefined ? "" : `: ${firstLine(describeCause(chain[0]))}`;
      stderr.write(`orgtree: ${organization} gave up on ${child}${why}\n`);
    }
  };
}
