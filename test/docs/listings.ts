import { readFileSync } from "node:fs";

/** A listing of a page, by the file name behind its language, as in "```ts desk.ts". */
export interface Listing {
  readonly name: string;
  readonly text: string;
  /** What it prints: the listing without a language that follows on it. */
  readonly prints: string | undefined;
}

/** The named listings of a page. */
export function listingsOf(page: URL): readonly Listing[] {
  const blocks = blocksOf(page);
  return blocks.flatMap(({ info, text }, at) => {
    const name = /^ts (\S+\.ts)$/.exec(info)?.[1];
    if (name === undefined) return [];
    const next = blocks[at + 1];
    return [{ name, text, prints: next?.info === "" ? next.text : undefined }];
  });
}

/** The text of the listing with this behind its ```. */
export function fileOf(page: URL, wanted: string): string {
  return blocksOf(page).find(({ info }) => info === wanted)!.text;
}

/** The commands in the listings for a shell, a backslash at the end of a line undone. */
export function commandsOf(page: URL): readonly string[] {
  return blocksOf(page)
    .filter(({ info }) => info === "sh")
    .flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, "").split("\n"))
    .filter((line) => line !== "");
}

/** A listing for a shell with what it prints: the listing without a language that follows on it. */
export interface Session {
  readonly command: string;
  readonly prints: string;
}

/** The sessions of a page, in order; where nothing is said of what a command prints, it is empty. */
export function sessionsOf(page: URL): readonly Session[] {
  const blocks = blocksOf(page);
  return blocks.flatMap(({ info, text }, at) => {
    const next = blocks[at + 1];
    return info === "sh" ? [{ command: text.trim(), prints: next?.info === "" ? next.text : "" }] : [];
  });
}

/** Names behind ``` that belong to TypeScript and have no file: they would escape the tests. */
export function unnamedListings(page: URL): readonly string[] {
  return blocksOf(page).flatMap(({ info, text }) => (/^(ts|js|typescript|javascript)$/.test(info) ? [text] : []));
}

/** What the listings of a page import from packages of this repository. */
export function importsOf(page: URL): readonly { readonly what: readonly string[]; readonly from: string }[] {
  const texts = blocksOf(page).map(({ text }) => text);
  return texts.flatMap((text) =>
    Array.from(text.matchAll(/^import \{ (.*) \} from "(orgtree|@orgtree\/.*)";$/gm), ([, what, from]) => ({
      what: what!.split(", ").filter((name) => !name.startsWith("type ")),
      from: from!,
    })),
  );
}

function blocksOf(page: URL): readonly { readonly info: string; readonly text: string }[] {
  return Array.from(readFileSync(page, "utf8").matchAll(/^```(.*)\n([\s\S]*?)^```$/gm), ([, info, text]) => ({
    info: info!.trim(),
    text: text!,
  }));
}
