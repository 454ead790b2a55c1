import type { MsgHdrs } from "@nats-io/transport-node";

/** Under this a bucket says that a record was removed. */
export const operationHeader = "KV-Operation";
/** How a server marks what has reached its age. */
const reasonHeader = "Nats-Marker-Reason";

/** Whether a message says that there is no record any more. */
export function isRemoval(headers: MsgHdrs | undefined): boolean {
  if (headers === undefined) return false;
  return headers.get(reasonHeader) !== "" || ["DEL", "PURGE"].includes(headers.get(operationHeader));
}

/** The value in a message; undefined for what is no JSON, which is somebody else's. */
export function valueIn(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}
