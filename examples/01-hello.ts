// Two agents, one task: the second builds on what the first made. No server, no key: the model plays a script.
// Run it: npm run example examples/01-hello.ts
import { agent, describeCause, organization, run, scriptedModel } from "orgtree";

const writer = agent({ purpose: "Write one line about the topic." });
const editor = agent({ purpose: "Make the line shorter." });
const desk = organization({ name: "desk", agents: { writer, editor } });
const model = scriptedModel({ writer: ["The sea is very wide and very old."], editor: ["The sea is wide and old."] });

const result = await run(desk, "the sea", { model });
console.log(result.status === "failed" ? describeCause(result.failure) : result.output);
