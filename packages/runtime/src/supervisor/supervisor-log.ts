import { describeExit, describeFailure, isQuiet, type Logger, type SupervisorReport } from "@orgtree/core";

/** One line for one decision: what happened to whom, what was decided, and the causes down to the leaf. */
export function logReport(logger: Logger, report: SupervisorReport): void {
  const { supervisor, child, context, decision, directive, exit, chain } = report;
  const facts = { supervisor, child, context, decision, directive, exit: describeExit(exit), causes: chain.map(describeFailure) };
  const message = `${supervisor}: ${context} of ${child}: ${decision}`;
  const quiet = isQuiet(exit);
  if (context === "auto-shutdown" || (quiet && context === "child-terminated")) logger.info(facts, message);
  else if (context === "directive") logger.warn(facts, message);
  else logger.error(facts, message);
}
