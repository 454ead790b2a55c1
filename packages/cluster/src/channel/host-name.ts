/**
 * The name of a system while it listens at an endpoint: its epoch and something nobody else has. Where two claim the same endpoint, since one
 * has not heard yet that it was replaced, the greater epoch is right.
 */
export function hostName(epoch: number, secret: string): string {
  return `${epoch}-${secret}`;
}

/** The epoch in the name of a host; 0 where it has none. */
export function epochOf(host: string): number {
  const epoch = Number(host.slice(0, host.indexOf("-")));
  return Number.isSafeInteger(epoch) && epoch > 0 ? epoch : 0;
}
