import { describe, expect, test } from "vitest";
import { and, assign, createMachine, raise, setup, type AnyStateMachine } from "xstate";
import { machineHash } from "./machine-hash.ts";

type Config = Parameters<typeof createMachine>[0];
const base = {
  id: "m",
  initial: "a",
  states: { a: { on: { GO: { target: "b", guard: "may", actions: ["note"] } }, after: { 1_000: "b" } }, b: {} },
} as const;
const hashOf = (config: unknown): string => machineHash(createMachine(config as Config));

describe("the hash of a machine", () => {
  test("is the same in every process, whatever the order of its states and what its functions do", () => {
    const swapped = { ...base, states: { b: base.states.b, a: base.states.a } };
    expect(hashOf(base)).toBe("67079e3485831b55");
    expect(hashOf(swapped)).toBe(hashOf(base));
    const doing = (n: number): AnyStateMachine =>
      createMachine({ ...(base as unknown as Config), entry: assign({ n }) } as Config).provide({ actions: { note: () => void n } });
    expect(machineHash(doing(1))).toBe(machineHash(doing(2)));
  });

  test.each<{ what: string; changed: unknown }>([
    {
      what: "a target",
      changed: {
        ...base,
        states: { ...base.states, a: { ...base.states.a, on: { GO: { target: "a", guard: "may", actions: ["note"] } } } },
      },
    },
    {
      what: "a guard",
      changed: {
        ...base,
        states: { ...base.states, a: { ...base.states.a, on: { GO: { target: "b", guard: "must", actions: ["note"] } } } },
      },
    },
    {
      what: "an action",
      changed: {
        ...base,
        states: { ...base.states, a: { ...base.states.a, on: { GO: { target: "b", guard: "may", actions: ["tell"] } } } },
      },
    },
    { what: "a delay", changed: { ...base, states: { ...base.states, a: { ...base.states.a, after: { 2_000: "b" } } } } },
    { what: "a state", changed: { ...base, states: { ...base.states, c: {} } } },
    { what: "an entry", changed: { ...base, states: { ...base.states, b: { entry: raise({ type: "X" }) } } } },
    { what: "the event of an entry", changed: { ...base, states: { ...base.states, b: { entry: raise({ type: "Y" }) } } } },
    { what: "the type of a state", changed: { ...base, states: { ...base.states, b: { type: "final" } } } },
    { what: "an invoke", changed: { ...base, states: { ...base.states, b: { invoke: { src: "work", id: "w" } } } } },
    {
      what: "a guard of guards",
      changed: { ...base, states: { ...base.states, b: { on: { GO: { target: "a", guard: and(["may", "must"]) } } } } },
    },
  ])("is another one when $what is", ({ changed }) => {
    expect(hashOf(changed)).not.toBe(hashOf(base));
  });

  test("is another one when a machine that it invokes is", () => {
    const around = (kid: AnyStateMachine): string =>
      machineHash(setup({ actors: { kid } }).createMachine({ invoke: { src: "kid", id: "k" } }) as never);
    const one = createMachine({ initial: "a", states: { a: {} } });
    const other = createMachine({ initial: "b", states: { b: {} } });
    expect(around(one)).not.toBe(around(other));
    const inline = (kid: AnyStateMachine): string => machineHash(createMachine({ invoke: { src: kid, id: "k" } }));
    expect(inline(one)).not.toBe(inline(other));
  });
});
