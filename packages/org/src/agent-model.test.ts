import type { ModelClient } from "@orgtree/core";
import type { WorkContext } from "@orgtree/runtime";
import { expect, test } from "vitest";
import { AgentModel } from "./agent-model.ts";
import { RunRecord } from "./run-record.ts";

test("a call whose cost cannot be stored is not made, and costs nothing", async () => {
  const heard: string[] = [];
  const client: ModelClient = {
    provider: "test",
    model: "test",
    worstCase: () => ({ tokens: 60, usd: 0 }),
    complete: () => Promise.reject(new Error(`asked after ${heard.join()}`)),
  };
  const account = { turns: Infinity, tokens: Infinity, usd: Infinity };
  const context: WorkContext = {
    signal: new AbortController().signal,
    key: "run/desk#1.0",
    address: "/desk",
    budget: {
      reserve: (worst) => {
        heard.push(`reserves ${worst.tokens}`);
        return { settle: ({ tokens }) => void heard.push(`settles for ${tokens}`), keep: () => void heard.push("keeps") };
      },
      stored: () => Promise.reject(new Error("another process goes on")),
      left: () => account,
      spent: () => account,
    },
  };
  const record = new RunRecord();
  await expect(new AgentModel(client, "/desk", record).ask({ messages: [] }, context)).rejects.toThrow("another process goes on");
  expect([heard, record.view.entries]).toEqual([["reserves 60", "settles for 0"], []]);
});
