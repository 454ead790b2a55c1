import type { OnFailure } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { plain } from "../actor/plain.ts";
import { keysWith } from "./answers.ts";
import { supervisor } from "./supervisor.ts";

const logic = plain({ init: () => 0, receive: (state: number) => state });
const planner = { planner: "/planner", initial: 1, children: () => [] };

describe("a supervisor without a plan", () => {
  test.each<{ onFailure: OnFailure; key: string }>([
    { onFailure: { crash: "replan" }, key: "crash" },
    { onFailure: { crash: "restart", loop: { directive: "replan" } }, key: "loop" },
    { onFailure: { "model-error/refusal": [{ directive: "restart" }, { directive: "replan" }] }, key: "model-error/refusal" },
  ])("refuses a child that is to have a new one, with $onFailure", ({ onFailure, key }) => {
    const child = { id: "one", logic, onFailure };
    const says = {
      name: "SpecError",
      field: `children[1].onFailure.${key}`,
      message: expect.stringContaining("this one has none") as string,
    };
    expect(() => supervisor({ children: [{ id: "two", logic }, child] })).toThrow(expect.objectContaining(says));
    expect(() => supervisor({ strategy: "dynamic", template: { logic, onFailure } })).toThrow(`template.onFailure.${key}`);
    expect(supervisor({ plan: { ...planner, children: () => [child] } as never }).kind).toBe("supervisor");
  });

  test("leaves alone all other answers, and what is refused elsewhere", () => {
    for (const onFailure of [{ crash: "rollback" }, {}, undefined, "replan", null, { crash: null }, { crash: 7 }])
      expect(supervisor({ children: [{ id: "one", logic, onFailure: onFailure as OnFailure }] }).kind).toBe("supervisor");
    expect(supervisor({ children: [null] as never }).kind).toBe("supervisor");
  });
});

test("names every class that has an answer", () => {
  expect(
    keysWith({ crash: "rollback", loop: [{ directive: "restart" }, { directive: "rollback", to: "c" }], timeout: "stop" }, "rollback"),
  ).toEqual(["crash", "loop"]);
});
