/** Who hosts what, over a real server. */
import { LocalServer } from "@orgtree/nats/server";
import { describe, expect, test } from "vitest";
import { Node, report, until } from "./ownership-node.ts";

describe("ownership over NATS", () => {
  test("shares out, hands over, takes over from who is silent, and takes him back", { timeout: 60_000 }, async () => {
    await using server = await LocalServer.start();
    await using one = await Node.join("one", server.port);
    report("the first node has everything after its start", await until([one], [12]));
    let from = performance.now();
    await using two = await Node.join("two", server.port);
    await until([one, two], [6, 6]);
    report("a second joins, from its start", performance.now() - from);
    from = performance.now();
    await using three = await Node.join("three", server.port);
    await until([one, two, three], [4, 4, 4]);
    report("a third joins, from its start", performance.now() - from);

    from = performance.now();
    await three.ownership.drain();
    report("a node drains", performance.now() - from);
    await until([one, two], [6, 6]);
    report("until others work in what it had", performance.now() - from);
    expect(three.running.size).toBe(0);

    from = performance.now();
    two.cut();
    await until([one, two], [12, 0]);
    report("a node is silent, until others work in what it had", performance.now() - from);
    two.mend();
    await until([one, two], [6, 6]);
    expect(two.events.map(({ type }) => type)).toContain("buried");
  });
});
