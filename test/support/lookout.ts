/** What the tests of clusters have nodes do: an organization that looks at the sea, and small actors. */
import type { Catalog, RunnableOrganization } from "@orgtree/node";
import { plain } from "@orgtree/runtime";
import { agent, callTool, organization, scriptedModel, type Organization } from "orgtree";

/** Its tool asks the test what there is to be seen; `key` is that of the call. */
function lookoutOf(look: (key: string) => Promise<string>): Organization<never> {
  const tool = {
    name: "look",
    description: "Looks.",
    kind: "idempotent",
    parameters: { type: "object", properties: {}, additionalProperties: false },
    run: (_input: unknown, { key }: { readonly key: string }) => look(key),
  } as const;
  return organization({
    name: "lookout",
    tools: () => [tool],
    agents: { sailor: agent({ purpose: "Say how the sea is.", tools: ["look"] }) },
  }) as never;
}

/** It looks so many times, and says how the sea is. */
export function runnableLookout(look: (key: string) => Promise<string>, times: number): RunnableOrganization {
  const model = () => scriptedModel([...Array.from({ length: times }, () => callTool("look", {})), "The sea is calm."]);
  return { organization: lookoutOf(look), model };
}

type Actor = Catalog["actors"][string];

/** Adds up, from what it was given on, and ends with the sum. */
export const counter: Actor = (start) => ({
  logic: plain<number, number | "get" | "end">({
    init: () => (start as number | undefined) ?? 0,
    receive(sum, message, turn) {
      if (message === "get") turn.reply(sum);
      if (message === "end") turn.exit({ kind: "normal", output: sum });
      return typeof message === "number" ? sum + message : sum;
    },
  }),
});

/** Tells somebody something when it is told whom and what. */
export const messenger: Actor = () => ({
  logic: plain<undefined, { readonly to: `/${string}`; readonly message: unknown }>({
    init: () => undefined,
    receive(state, { to, message }, turn) {
      turn.tell(to, message);
      return state;
    },
  }),
});
