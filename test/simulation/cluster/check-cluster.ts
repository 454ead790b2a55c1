import type { ClusterOutcome } from "./sim-cluster.ts";

/** What is wrong with a run, in words; nothing where all that is promised held. */
export function clusterProblems(outcome: ClusterOutcome): readonly string[] {
  const missing = [...outcome.reports].flatMap(([address, report]) =>
    report === undefined ? [`${address} does not answer in the end`] : [],
  );
  return [...outcome.unsettled, ...missing, ...outsideProblems(outcome), ...operationProblems(outcome)];
}

/** A stored result is never computed again; what cannot be taken back is begun at most once. */
function outsideProblems({ begun, plan }: ClusterOutcome): readonly string[] {
  const payments = new Set(plan.operations.flatMap(({ id, type }) => (type === "pay" ? [id] : [])));
  const paid = new Set<string>();
  return begun.flatMap(({ id, key, node, atMs, isAgain }) => {
    if (isAgain) return [`${id} (${key}) was begun at ${atMs} ms by ${node}, and its result was stored`];
    if (!payments.has(id)) return [];
    const isTwice = paid.has(id);
    paid.add(id);
    return isTwice ? [`the payment ${id} was begun twice, at ${atMs} ms by ${node}`] : [];
  });
}

/** Everybody was answered; what was answered is there, once, and nothing else. */
function operationProblems({ plan, answered, failed, reports, begun }: ClusterOutcome): readonly string[] {
  const problems: string[] = [];
  const count = (list: readonly string[] | undefined, id: string): number => list?.filter((each) => each === id).length ?? 0;
  for (const { id, type, at, to } of plan.operations) {
    const [own, other] = [reports.get(`/teller-${at}`), reports.get(`/teller-${to}`)];
    if (!answered.has(id) && !failed.has(id)) problems.push(`nobody answered ${id} (${type})`);
    if (type === "pay") {
      const begins = begun.filter((each) => each.id === id).length;
      if (answered.has(id) && begins !== 1) problems.push(`the payment ${id} was answered, and begun ${begins} times`);
      continue;
    }
    if (own === undefined || other === undefined) continue;
    const taken = count(own.taken, id);
    if (answered.has(id) && taken !== 1) problems.push(`${id} was answered, and is there ${taken} times`);
    const credits = count(other.credits, id);
    if (type === "transfer" && credits !== taken) problems.push(`${id} was sent ${taken} times, and has arrived ${credits} times`);
    const results = count(own.results, id);
    if (type === "act" && results !== taken) problems.push(`${id} was begun by its teller ${taken} times, and has ended ${results} times`);
  }
  return problems;
}
