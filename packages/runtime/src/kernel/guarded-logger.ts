import type { Logger } from "@orgtree/core";

/** The same log, whose throws and rejections are nobody's: an actor must not fail because a line could not be written. */
export function guardLogger(logger: Logger): Logger {
  const guard =
    (level: keyof Logger) =>
    (facts: object, message: string): void => {
      try {
        // A stream that was closed, a serializer that cannot read a field.
        logger[level](facts, message);
      } catch {
        // There is no other place to say it.
      }
    };
  return { debug: guard("debug"), info: guard("info"), warn: guard("warn"), error: guard("error") };
}
