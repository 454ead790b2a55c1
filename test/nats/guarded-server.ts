/** A server that runs the configuration which `orgtree server-config` writes, and those who connect to it. */
import { NatsLink, type NatsLinkOptions, natsSettings } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Desk } from "../cli/orgtree-process.ts";

/** An organization with a writer, who may speak to an editor, and an owner. */
export const rolesFile = fileURLToPath(new URL("../cli/fixtures/roles.ts", import.meta.url));

export class GuardedServer implements AsyncDisposable {
  readonly server: LocalServer;
  readonly desk: Desk;
  readonly #stack: AsyncDisposableStack;

  private constructor(server: LocalServer, desk: Desk, stack: AsyncDisposableStack) {
    this.server = server;
    this.desk = desk;
    this.#stack = stack;
  }

  /** Writes the configuration and starts a server with it. */
  static async start(args: readonly string[]): Promise<GuardedServer> {
    await using stack = new AsyncDisposableStack();
    const desk = stack.use(await Desk.open());
    const { code, stderr } = await desk.call(["server-config", ...args, "--out", "nats", "--listen", "127.0.0.1:-1"]);
    if (code !== 0) throw new Error(stderr);
    const file = join(desk.cwd, "nats/server.conf");
    const server = stack.use(await LocalServer.start({ file, variables: { SERVER_NAME: "guarded" } }));
    return new GuardedServer(server, desk, stack.move());
  }

  /** Connects as a user of a tenant, with what its file says. */
  async connect(tenant: string, user: string, more: NatsLinkOptions = {}): Promise<NatsLink> {
    const settings = natsSettings({
      variables: { ...(await this.variables(tenant, user)), NATS_URL: this.server.url },
      home: this.desk.cwd,
    });
    return this.#stack.use(await NatsLink.connect({ ...settings, ...more }));
  }

  /** What the process of a user is to be given. */
  async variables(tenant: string, user: string): Promise<Record<string, string>> {
    const lines = (await readFile(join(this.desk.cwd, "nats", tenant, `${user}.env`), "utf8")).trim().split("\n");
    return Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
  }

  /** Changes the configuration, and has the server read it. */
  async change(edit: (text: string) => string): Promise<void> {
    const file = join(this.desk.cwd, "nats/server.conf");
    await writeFile(file, edit(await readFile(file, "utf8")));
    const read = this.server.waitFor(/Reloaded server configuration/);
    process.kill(this.server.pid, "SIGHUP");
    await read;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
