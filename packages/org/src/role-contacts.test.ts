import { expect, test } from "vitest";
import { agent, organization } from "./index.ts";
import { roleContacts } from "./role-contacts.ts";

test("roleContacts are those that the charters name, in both directions, and the run", () => {
  const charter = (recipients: readonly string[]) => ({ purpose: "works", recipients });
  const desk = organization({
    name: "desk",
    agents: { writer: agent(charter(["editor"])), editor: agent(charter(["writer", "checker"])), checker: agent(charter([])) },
  });
  expect(Object.fromEntries(roleContacts(desk, "main"))).toEqual({
    writer: { tells: ["editor"], answers: ["main", "editor"] },
    editor: { tells: ["writer", "checker"], answers: ["main", "writer"] },
    checker: { tells: [], answers: ["main", "editor"] },
  });
});
