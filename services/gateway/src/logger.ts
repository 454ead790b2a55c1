import { type DestinationStream, type Logger, pino } from "pino";

/** The log of a gateway, a line of JSON each; on standard output unless told otherwise. */
export function makeLogger(
  { logLevel, namespace }: { readonly logLevel: string; readonly namespace: string },
  to?: DestinationStream,
): Logger {
  const options = { level: logLevel, base: { service: "gateway", namespace } };
  return to === undefined ? pino(options) : pino(options, to);
}
