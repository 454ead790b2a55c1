/** Who hosts what, when servers are killed. */
import type { NatsLink } from "@orgtree/nats";
import { LocalCluster } from "@orgtree/nats/server";
import { describe, expect, test } from "vitest";
import { loads, Node, report, until } from "../nats/ownership-node.ts";

describe("ownership over three servers", () => {
  test("loses nothing and buries nobody when who leads the bucket is killed", { timeout: 90_000 }, async () => {
    await using cluster = await LocalCluster.start();
    const info = async (link: NatsLink): Promise<string> => {
      const answer = await link.connection.request("$JS.API.STREAM.INFO.KV_orgtree_n", undefined, { timeout: 2_000 });
      return answer.json<{ cluster: { leader: string } }>().cluster.leader;
    };
    const port = cluster.servers[0]!.port;
    await using first = await Node.join("first", port, 3);
    const leader = await info(first.link);
    // The nodes talk to the other servers: theirs stays, and the bucket has nobody who leads it.
    const others = cluster.servers.filter(({ name }) => name !== leader);
    await using one = await Node.join("one", others[0]!.port, 3);
    await using two = await Node.join("two", others[1]!.port, 3);
    await first.ownership.drain();
    await using three = await Node.join("three", others[0]!.port, 3);
    const nodes = [one, two, three];
    await until(nodes, [4, 4, 4]);
    const before = nodes.map(({ works }) => works);
    const from = performance.now();
    await cluster.servers.find(({ name }) => name === leader)!.kill();
    let shortest = 12;
    let backAt = 0;
    let lostAt = 0;
    while (performance.now() - from < 30_000) {
      const [least, most] = [loads(nodes).reduce((sum, load) => sum + load, 0), 12];
      shortest = Math.min(shortest, least);
      if (least < most && lostAt === 0) lostAt = performance.now();
      if (least < most) backAt = 0;
      else backAt ||= performance.now();
      if (backAt > 0 && performance.now() - backAt > 4_000) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    report("may begin nothing while the servers choose, at most", lostAt === 0 ? 0 : backAt - lostAt);
    expect(nodes.map(({ works }) => works)).toEqual(before);
    expect(nodes.flatMap(({ events }) => events).filter(({ type }) => type === "buries" || type === "buried")).toEqual([]);
  });
});
