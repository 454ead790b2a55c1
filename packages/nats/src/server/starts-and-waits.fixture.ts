import { LocalServer } from "./local-server.ts";

/** Starts a server, says its process id and directory, and waits to be killed. */
const server = await LocalServer.start();
process.stdout.write(`${server.pid} ${server.directory}\n`);
setInterval(() => {}, 60_000);
