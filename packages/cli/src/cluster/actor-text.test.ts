import { describe, expect, test } from "vitest";
import { lineText, lineWidth } from "../text/styled-line.ts";
import { actorLines } from "./actor-text.ts";
import type { SeenActor } from "./list-actors.ts";

function actor(part: Partial<SeenActor> & Pick<SeenActor, "address" | "depth">): SeenActor {
  return {
    node: "one-1a",
    partition: "main-0",
    run: undefined,
    type: "worker",
    status: "running",
    label: undefined,
    incarnation: 1,
    restarts: 0,
    mailbox: 0,
    quietMs: 400,
    spent: undefined,
    elsewhere: undefined,
    isBranch: false,
    ...part,
  };
}

const actors = [
  actor({ address: "/c1", depth: 0, mailbox: 1_200 }),
  actor({ run: "r1", address: "/desk", depth: 0, type: "supervisor", label: "one-for-one", spent: { turns: 3, tokens: 1_500, usd: 0.01 } }),
  actor({ run: "r1", address: "/desk/writer", depth: 1, status: "suspended", label: "writ\u001b[31ming", quietMs: 65_000, restarts: 2 }),
];

describe("actorLines", () => {
  test("draws the tree of each run, with everything that is known of an actor", () => {
    expect(actorLines({ actors, left: 3, silent: [{ node: "two-2b", problem: "nobody answers" }] }).map(lineText)).toEqual([
      "actor       state                     last turn  mailbox  restarts  spent                           partition  node  ",
      "/c1         running                   0.4 s ago    1,200         0                                  main-0     one-1a",
      "run r1                                                                                              main-0     one-1a",
      "└ /desk     one-for-one               0.4 s ago        0         0  3 turns, 1,500 tokens, $0.0100  main-0     one-1a",
      "  └ writer  suspended (writing)  1 min 05 s ago        0         2                                  main-0     one-1a",
      "… and 3 more; --limit N shows more of them",
      "two-2b does not answer: nobody answers",
    ]);
  });

  test("fits a window", () => {
    for (const line of actorLines({ actors, left: 0, silent: [] }, 60)) expect(lineWidth(line)).toBeLessThanOrEqual(60);
  });
});
