// Two plain actors under a supervisor. One crashes on a bad message: it is started afresh at the same address, what waited in
// its mailbox is still there, and the message that crashed it is a dead letter.
// Run it: npm run example examples/02-supervision.ts
import { createActorSystem, describeFailure, plain, supervisor } from "orgtree";

type Message = { readonly type: "add"; readonly amount: number } | { readonly type: "total" };

const counter = plain<number, Message>({
  init: () => 0,
  receive(total, message, turn) {
    if (message.type === "total") turn.reply(total);
    else if (!Number.isFinite(message.amount)) throw new RangeError(`cannot add ${message.amount}`);
    return message.type === "add" ? total + message.amount : total;
  },
});

await using system = createActorSystem();
system.observe((event) => {
  if (event.type === "actor-failed") console.log(`failed: ${describeFailure(event.failure)}`);
  if (event.type === "report") console.log(`decided: ${event.report.decision} ${event.report.child}`);
  if (event.type === "dead-letter") console.log(`dead letter: ${JSON.stringify(event.letter.envelope.message)}`);
});

const children = ["coffee", "tea"].map((id) => ({ id, logic: counter }));
await system.start({ id: "tills", logic: supervisor({ strategy: "one-for-one", children }) });

for (const amount of [3, 4]) system.tell("/tills/tea", { type: "add", amount });
for (const amount of [1, 2, Number.NaN, 5]) system.tell("/tills/coffee", { type: "add", amount });

console.log("coffee", await system.ask("/tills/coffee", { type: "total" }));
console.log("tea", await system.ask("/tills/tea", { type: "total" }));
