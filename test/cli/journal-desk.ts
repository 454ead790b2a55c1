import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { expect } from "vitest";
import { Desk, fixture } from "./orgtree-process.ts";

const execute = promisify(execFile);
const time = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/g;

/** What Node is given to write the journal: before its path, and what then becomes of the process. */
export const writer = ["--conditions=@orgtree/source", fixture("desk-journal.ts")];

/** A desk with a journal on it. */
export class JournalDesk extends Desk {
  readonly journal: string = join(this.cwd, "desk.journal");

  static override async open(): Promise<JournalDesk> {
    const desk = new JournalDesk(await Desk.makeHome());
    await execute(process.execPath, [...writer, desk.journal, "end"]);
    return desk;
  }

  /** What a command prints, without the times; it must end well. */
  async told(...args: readonly string[]): Promise<readonly string[]> {
    const { code, stdout, stderr } = await this.call(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.replaceAll(time, "TIME").split("\n").slice(0, -1);
  }

  /** The same as JSON. */
  async json(...args: readonly string[]): Promise<unknown> {
    const { code, stdout, stderr } = await this.call([...args, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout);
  }

  /** A copy of the journal in which something is wrong. */
  damaged(name: string, damage: (bytes: Buffer) => Buffer): string {
    const path = join(this.cwd, name);
    writeFileSync(path, damage(readFileSync(this.journal)));
    return path;
  }
}

/** What SQLite does to a file. */
export function alter(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

/** The same bytes, but for one bit of a text in them. */
export function flipped(bytes: Buffer, text: string): Buffer {
  const at = bytes.indexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at]! ^= 4;
  return bytes;
}
