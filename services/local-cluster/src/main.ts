// A whole cluster on this machine: three NATS servers, a gateway, three nodes. Submits the bug-fix crew over HTTP, ends a process in the middle, and
// tells what happens where: npm run cluster -- [--kill node|gateway|nats|none] [--nodes N]
import { LocalCluster } from "@orgtree/nats/server";
import { parseArgs } from "node:util";
import { makeRepository } from "./make-repository.ts";
import { Story } from "./story.ts";
import { Topology } from "./topology.ts";

const { values } = parseArgs({ options: { kill: { type: "string", default: "node" }, nodes: { type: "string", default: "3" } } });
const victim = values.kill;
if (!["node", "gateway", "nats", "none"].includes(victim) || !/^[1-9]$/.test(values.nodes)) {
  process.stderr.write("usage: npm run cluster -- [--kill node|gateway|nats|none] [--nodes 1…9]\n");
  process.exit(2);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
/** It ends when so much of the story has been told. */
const killAfter = 4;

await using servers = await LocalCluster.start();
say(`NATS     ${servers.urls.join("  ")}`);
await using topology = await Topology.start(servers, Number(values.nodes));
say(`gateway  ${topology.gatewayUrl}`);
for (const { name, pid } of topology.nodes) say(`node     ${name}, process ${pid}`);

using repository = makeRepository(new URL("../../../examples/bugfix/repo/", import.meta.url));
const id = `crew-${process.pid}`;
const input = { task: "The tests of tide-table fail. Mend the library.", repository: { repo: repository.path, check: "node --test" } };
await topology.submit({ id, kind: "run", what: "bugfix", input });
say(`\nsubmitted ${id}: ${input.task}\n`);

const story = new Story(say);
let isKilled = victim === "none";
let end: unknown;
for await (const event of topology.follow(id)) {
  if (event.type === "end") end = event.data;
  else story.hear(event.data);
  if (isKilled || story.told < killAfter) continue;
  isKilled = true;
  say(`\n✗ kill -9 ${await topology.kill(victim, story.process)}\n`);
}

const { status, failure } = end as { readonly status: string; readonly failure?: { readonly message: string } };
say(`\n${status === "done" ? "✔" : "✗"} ${status}${failure === undefined ? "" : `: ${failure.message}`}\n`);
say(story.whereabouts());
process.exitCode = status === "done" ? 0 : 1;
