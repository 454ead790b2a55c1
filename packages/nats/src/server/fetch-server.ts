import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";

/** Where this machine gets Debian's packages from. */
export interface DebianSource {
  readonly uri: string;
  /** The keyring that its indexes are signed with. */
  readonly signedBy: string;
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** What is newer than most machines: `testing`, then `unstable`. Stable releases have servers that are too old. */
const suites = ["testing", "unstable"];
const aptFiles = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];

/**
 * Fetches the nats-server of Debian's newest pools with the machine's own apt, from the mirror that it is set up with, into a
 * directory, and gives its path. Nothing is installed and nobody needs to be root. apt checks the signature of the index, and the
 * checksum of the package against it; the architecture is the machine's.
 *
 * Rejects when the machine has no apt or no Debian source, or nothing comes.
 */
export async function fetchServer(directory: string, env: NodeJS.ProcessEnv): Promise<string> {
  const source = await findDebianSource(env);
  await mkdir(directory, { recursive: true });
  const work = await mkdtemp(join(directory, "fetch-"));
  try {
    return await firstThatWorks(suites, (suite) => fetchFrom({ source, suite, work, directory }));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The machine's own source of Debian's packages; `ORGTREE_DEBIAN_MIRROR` is the URI of another. */
async function findDebianSource(env: NodeJS.ProcessEnv): Promise<DebianSource> {
  const mirror = env["ORGTREE_DEBIAN_MIRROR"];
  if (mirror !== undefined && mirror !== "") return { uri: mirror, signedBy: keyring };
  for (const file of aptFiles) {
    const source = parseDebianSource(await readFile(file, "utf8").catch(() => ""));
    if (source !== undefined) return source;
  }
  throw new Error("apt has no source of Debian's packages here; ORGTREE_DEBIAN_MIRROR may name one");
}

/** The first source of Debian's main archive in a file of apt, in either of its formats. */
export function parseDebianSource(text: string): DebianSource | undefined {
  for (const stanza of text.split(/\n\s*\n/)) {
    const uri = /^URIs:\s*(\S+)/m.exec(stanza)?.[1] ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/m.exec(stanza)?.[1];
    if (uri === undefined || !/\/debian\/?$/.test(uri)) continue;
    const signedBy = /^Signed-By:\s*(\S+)/m.exec(stanza)?.[1] ?? /\bsigned-by=([^\]\s]+)/.exec(stanza)?.[1] ?? keyring;
    return { uri, signedBy };
  }
  return undefined;
}

async function fetchFrom(from: {
  readonly source: DebianSource;
  readonly suite: string;
  readonly work: string;
  readonly directory: string;
}): Promise<string> {
  const { source, suite, work, directory } = from;
  const list = join(work, "apt.sources");
  await Promise.all(["lists/partial", "archives/partial"].map((path) => mkdir(join(work, path), { recursive: true })));
  await writeFile(list, `Types: deb\nURIs: ${source.uri}\nSuites: ${suite}\nComponents: main\nSigned-By: ${source.signedBy}\n`);
  const settings = {
    "Dir::Etc::SourceList": list,
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": join(work, "lists"),
    "Dir::Cache": work,
    "APT::Sandbox::User": "",
    "Acquire::Languages": "none",
    "Acquire::Retries": "1",
    "APT::Update::Error-Mode": "any",
    "Acquire::http::Timeout": "15",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const program = { cwd: work, deadlineMs: 90_000 };
  await runProgram("apt-get", [...options, "-q", "update"], program);
  await runProgram("apt-get", [...options, "-q", "download", "nats-server"], program);
  const file = (await readdir(work)).find((name) => name.endsWith(".deb"));
  if (file === undefined) throw new Error(`${suite} has no nats-server for this machine`);
  await runProgram("dpkg", ["-x", file, "unpacked"], program);
  const server = join(directory, "nats-server");
  // In one step, since another process may be doing the same.
  await rename(join(work, "unpacked/usr/sbin/nats-server"), server);
  return server;
}

async function firstThatWorks<T, R>(items: readonly T[], attempt: (item: T) => Promise<R>): Promise<R> {
  const problems: string[] = [];
  for (const item of items) {
    try {
      return await attempt(item);
    } catch (error) {
      problems.push(`${String(item)}: ${(error as Error).message}`);
    }
  }
  throw new Error(problems.join("; "));
}
