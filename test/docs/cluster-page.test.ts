/** What docs/cluster.md shows of a tree over several nodes: its commands, one after the other, on a real server. */
import { LocalServer } from "@orgtree/nats/server";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Desk, type OrgtreeProcess } from "../cli/orgtree-process.ts";
import { commandsOf, listingsOf, sessionsOf } from "./listings.ts";

const page = new URL("../../docs/cluster.md", import.meta.url);

let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start();
});
afterAll(async () => {
  await server?.stop();
});

/** Without times and what is random in the ids of nodes, and the blanks that align what stands beside them. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/[\d.]+ s ago/g, "NOW")
    .replaceAll(/(desk|machine)-\w+/g, "$1-ID")
    .replaceAll(/ +/g, " ")
    .replaceAll(/ +$/gm, "");
}

describe("a tree over several nodes", () => {
  test("comes up as the page says", async () => {
    await using stack = new AsyncDisposableStack();
    const desk = stack.use(await Desk.open());
    const env = { NATS_URL: server.url };
    // The packages are found as in a project that has them installed.
    await symlink(new URL("../../node_modules", import.meta.url), join(desk.cwd, "node_modules"));
    const [fleet] = listingsOf(page);
    await desk.write(fleet!.name, fleet!.text);
    const { command, prints } = sessionsOf(page).find((session) => session.prints !== "")!;
    const calls = command.split("\n").map((line) => line.split(" ").slice(1));
    const nodes: OrgtreeProcess[] = [];
    for (const args of calls.filter(([name]) => name === "node")) {
      const node = desk.start(args, env);
      stack.defer(async () => {
        node.signal("SIGKILL");
        await node.ended;
      });
      await node.line("hosts ");
      nodes.push(node);
    }
    expect(nodes).toHaveLength(2);
    for (const args of calls.filter(([name]) => name === "submit"))
      expect(await desk.call(args, env)).toMatchObject({ code: 0, stderr: "" });
    // It is stored when the command ends, and starts a moment later.
    let shown = "";
    while (!shown.includes("└ painter~gpu running 0.")) shown = (await desk.call(["ps"], env)).stdout.replaceAll(/ +/g, " ");
    expect(withoutChance(shown)).toBe(withoutChance(prints));
    const labelled = await desk.call(["submit", "fleet", "--actor", "--id", "f2~gpu"], env);
    expect(labelled).toEqual({ code: 0, stdout: "✔ submitted f2~gpu\n  orgtree ps f2~gpu\n", stderr: "" });
    let seen = "";
    while (!seen.includes("/f2~gpu")) seen = (await desk.call(["ps", "f2~gpu"], env)).stdout;
    expect(seen).toMatch(/\n\/f2~gpu .* gpu-0 +machine-/);
  });
});

describe("a server that knows who may do what", () => {
  test("is set up by the commands of the page, and each process works with its own key", async () => {
    await using stack = new AsyncDisposableStack();
    const desk = stack.use(await Desk.open());
    await symlink(new URL("../../node_modules", import.meta.url), join(desk.cwd, "node_modules"));
    const fleet = listingsOf(page)[0]!;
    await desk.write(fleet.name, fleet.text);
    const commands = commandsOf(page);
    const config = commands.find((line) => line.startsWith("orgtree server-config"))!;
    expect(await desk.call(config.split(" ").slice(1))).toMatchObject({ code: 0, stderr: "" });
    const serving = commands.find((line) => line.includes("nats-server -c"))!;
    const [, name, file] = /^SERVER_NAME=(\S+) nats-server -c (\S+)$/.exec(serving)!;
    // On a port that is free, since nobody knows what else runs here.
    const path = join(desk.cwd, file!);
    await writeFile(path, (await readFile(path, "utf8")).replace("127.0.0.1:4222", "127.0.0.1:-1"));
    const guarded = stack.use(await LocalServer.start({ file: path, variables: { SERVER_NAME: name! } }));
    const calls = commands.flatMap((line) => {
      const [, env, rest] = /^\(set -a; \. (\S+); orgtree (.*)\)$/.exec(line) ?? [];
      return env === undefined || rest === undefined ? [] : [{ env, args: rest.split(" ") }];
    });
    expect(calls.map(({ args }) => args[0])).toEqual(["node", "node", "submit", "nodes"]);
    for (const { env, args } of calls) {
      const lines = (await readFile(join(desk.cwd, env), "utf8")).trim().split("\n");
      const variables = { ...Object.fromEntries(lines.map((line) => line.split("=") as [string, string])), NATS_URL: guarded.url };
      if (args[0] !== "node") {
        const { code, stdout } = await desk.call(args, variables);
        expect(code).toBe(0);
        if (args[0] === "nodes") expect(JSON.parse(stdout)).toMatchObject({ unhosted: [], nodes: [{ name: "desk" }, { name: "machine" }] });
        continue;
      }
      const node = desk.start(args, variables);
      stack.defer(async () => {
        node.signal("SIGKILL");
        await node.ended;
      });
      await node.line("hosts ");
    }
  });
});
