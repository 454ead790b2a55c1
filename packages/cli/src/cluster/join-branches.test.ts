import { describe, expect, test } from "vitest";
import { joinBranches } from "./join-branches.ts";
import type { SeenActor } from "./list-actors.ts";

const blank = { run: undefined, type: "worker", status: "running", label: undefined, incarnation: 1, mailbox: 0 } as const;

function actor(address: SeenActor["address"], depth: number, part: Partial<SeenActor> = {}): SeenActor {
  const rest = { ...blank, restarts: 0, quietMs: undefined, spent: undefined, elsewhere: undefined, isBranch: false };
  return { ...rest, address, depth, partition: "main-0", node: "one-1", ...part };
}

const trunk = [actor("/c1", 0), actor("/c1/w~gpu", 1, { elsewhere: "gpu-0", restarts: 2 }), actor("/c1/v", 1)];
const branch = { partition: "gpu-0", node: "two-2", isBranch: true } as const;
const branches = [
  actor("/c1/w~gpu", 0, { ...branch, label: "busy", quietMs: 4 }),
  actor("/c1/w~gpu/x~eu", 1, { ...branch, elsewhere: "eu-0" }),
  actor("/c1/w~gpu/x~eu", 0, { partition: "eu-0", node: "three-3", isBranch: true }),
];

function lines(rows: readonly SeenActor[]): readonly string[] {
  const seen = joinBranches(rows, (partition) => (partition === "gpu-0" ? "two-2" : undefined));
  return seen.map(({ depth, address, partition, node, restarts }) => `${depth} ${address} ${partition} ${node} ${restarts}`);
}

describe("joinBranches", () => {
  test("shows who lives elsewhere once, where it belongs in its tree, and where it lives", () => {
    const wanted = ["0 /c1 main-0 one-1 0", "1 /c1/w~gpu gpu-0 two-2 2", "2 /c1/w~gpu/x~eu eu-0 three-3 0", "1 /c1/v main-0 one-1 0"];
    expect(lines([...trunk, ...branches])).toEqual(wanted);
  });

  test("says of who is not seen where it lives what its supervisor knows", () => {
    expect(lines(trunk)).toEqual(["0 /c1 main-0 one-1 0", "1 /c1/w~gpu gpu-0 two-2 2", "1 /c1/v main-0 one-1 0"]);
  });

  test("shows branches whose supervisors are not seen by themselves", () => {
    expect(lines(branches)).toEqual(["0 /c1/w~gpu gpu-0 two-2 0", "1 /c1/w~gpu/x~eu eu-0 three-3 0"]);
  });
});
