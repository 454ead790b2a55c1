import { type Logger, redact, redactText } from "@orgtree/core";

/**
 * The same log, whose throws and rejections are nobody's: an actor must not fail because a line could not be written. What was revealed of a
 * secret is in no line.
 */
export function guardLogger(logger: Logger): Logger {
  const guard =
    (level: keyof Logger) =>
    (facts: object, message: string): void => {
      try {
        // A stream that was closed, a serializer that cannot read a field.
        logger[level](redact(facts), redactText(message));
      } catch {
        // There is no other place to say it.
      }
    };
  return { debug: guard("debug"), info: guard("info"), warn: guard("warn"), error: guard("error") };
}
