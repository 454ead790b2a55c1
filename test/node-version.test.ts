/** What an older Node is told. It is played: by a file that is loaded first, and takes away what is looked at. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const execute = promisify(execFile);
const top = fileURLToPath(new URL("../", import.meta.url));
const older = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });
Object.defineProperty(process, "getBuiltinModule", { value: undefined });`;

function onOlderNode(...args: string[]): Promise<{ readonly code?: number; readonly stderr: string }> {
  const load = `data:text/javascript,${encodeURIComponent(older)}`;
  return execute(process.execPath, ["--conditions=@orgtree/source", "--import", load, ...args], { cwd: top }).catch(
    (error: { readonly code: number; readonly stderr: string }) => error,
  );
}

describe("an older Node", () => {
  test("is told by the command which one is needed", async () => {
    const { code, stderr } = await onOlderNode("packages/cli/src/main.ts", "--version");
    expect({ code, stderr }).toEqual({ code: 2, stderr: "orgtree: this is Node 20.20.2; orgtree needs Node 22.18 or newer\n" });
  });

  test("… and by orgtree/journal", async () => {
    const { stderr } = await onOlderNode("--input-type=module", "--eval", `import "orgtree/journal";`);
    expect(stderr).toContain("Error: this is Node 20.20.2; orgtree/journal needs Node 22.18 or newer\n");
  });
});
