import { type Nkey, newNkey, nkeyOf } from "@orgtree/nats";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../input/usage-error.ts";

/** Nobody but their owner may read them. */
const secretMode = 0o600;

/** The key in a file; makes both where there is none. Throws `UsageError`; no message has a seed in it. */
export function keyIn(file: string): Nkey {
  if (!existsSync(file)) {
    const key = newNkey();
    writeSecret(file, `${key.seed}\n`);
    return key;
  }
  try {
    // It may have been copied here by somebody who thought of nothing.
    chmodSync(file, secretMode);
    return nkeyOf(readFileSync(file, "utf8").trim());
  } catch {
    throw new UsageError(`${file} has no seed of a user in it, or cannot be read`, "remove it to have a new one made");
  }
}

/** The password in a file; makes both where there is none. Throws `UsageError`. */
export function passwordIn(file: string): string {
  if (!existsSync(file)) writeSecret(file, `${randomBytes(24).toString("base64url")}\n`);
  const password = readFileSync(file, "utf8").trim();
  if (/^[A-Za-z0-9_-]{16,}$/.test(password)) return password;
  throw new UsageError(`${file} is no password of at least 16 letters, digits, _ and -`, "remove it to have a new one made");
}

/** Writes a file anew that nobody else may read, also where others could read the one that is there. */
export function writeSecret(file: string, text: string): void {
  written(file, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: secretMode, flag: "wx" });
  });
}

/** Writes a file that anybody may read. */
export function writePlain(file: string, text: string): void {
  written(file, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { mode: 0o644 });
  });
}

function written(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${(error as Error).message}`, "choose another --out");
  }
}
