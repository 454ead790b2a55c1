/** A run that uses secrets, in a tool and in its model, and what is left of them. */
import { decode, encode, leaksIn, makeSecret, redact, toFailure } from "@orgtree/core";
import { failure, startChatServer, streamedText, streamedToolCalls } from "@orgtree/model/testing";
import { agent, openaiModel, organization, readRunNews, reveal, run, secret, ToolError, type Tool } from "orgtree";
import { openSqliteJournal } from "orgtree/journal";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "orgtree-secrets-"));
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(() => {
  for (const name of ["ORGTREE_TEST_TOKEN", "ORGTREE_TEST_TOKEN_FILE", "ORGTREE_TEST_KEY"]) delete process.env[name];
});

const token = "tok-4f7d1c9e0a6b-tok";
const key = "key-93b2a8c4d5e6-key";

describe("a secret", () => {
  test("is its name, wherever it is stored or sent, until it is revealed", () => {
    const handle = secret("ORGTREE_TEST_TOKEN");
    expect([JSON.stringify({ handle }), decode(encode({ handle })), String(handle)]).toEqual([
      '{"handle":"secret:ORGTREE_TEST_TOKEN"}',
      { handle: "secret:ORGTREE_TEST_TOKEN" },
      "secret:ORGTREE_TEST_TOKEN",
    ]);
    process.env["ORGTREE_TEST_TOKEN"] = token;
    expect(reveal(handle)).toBe(token);
    expect(reveal(decode(encode(handle)) as string)).toBe(token);
  });

  test("is found in a file as well, and is missed by name", async () => {
    const handle = secret("ORGTREE_TEST_TOKEN");
    expect(() => reveal(handle)).toThrow("the secret ORGTREE_TEST_TOKEN is not there: set ORGTREE_TEST_TOKEN, or ORGTREE_TEST_TOKEN_FILE");
    const file = join(directory, "token");
    await writeFile(file, `${token}\n`);
    process.env["ORGTREE_TEST_TOKEN_FILE"] = file;
    expect(reveal(handle)).toBe(token);
  });

  test("cannot be named from outside: a text that looks like one stands for nothing", () => {
    expect(reveal("secret:PATH")).toBe("secret:PATH");
    expect(() => secret("NO NAME")).toThrow("no name that a variable could have");
  });

  test("is its name again in what is stored, in errors and in bytes, once it was revealed", () => {
    reveal(makeSecret("ORGTREE_TEST_KEY", () => key));
    const error = new TypeError(`refused ${key}`, { cause: new Error(key) });
    const value = { a: [`x ${key} y`], bytes: new TextEncoder().encode(`.${key}.`), [key]: 1, error };
    expect(leaksIn(encode(value))).toBe(false);
    expect(decode(encode({ a: [`x ${key} y`] }))).toEqual({ a: ["x secret:ORGTREE_TEST_KEY y"] });
    expect(JSON.stringify(toFailure(error))).not.toContain(key);
    expect(toFailure(error)).toMatchObject({ name: "TypeError", message: "refused secret:ORGTREE_TEST_KEY" });
    const clean = { a: ["x"] };
    expect(redact(clean)).toBe(clean);
  });
});

describe("a run with secrets in a tool and in its model", () => {
  test("leaves nothing of them in its journal, its log, its news and its result", async () => {
    process.env["ORGTREE_TEST_TOKEN"] = token;
    process.env["ORGTREE_TEST_KEY"] = key;
    const handle = secret("ORGTREE_TEST_TOKEN");
    const used: string[] = [];
    const call = { id: "c", name: "post", arguments: "{}" };
    // A server that tells everybody with whose key it was asked.
    await using server = await startChatServer({
      replies: ({ headers }, n) => {
        if (n === 0) return failure(500, { message: `your header was ${headers.authorization}` });
        if (n <= 3) return streamedToolCalls([{ ...call, id: `c${n}` }]);
        return streamedText(`It was posted, and your header was ${headers.authorization}`);
      },
    });
    const post: Tool = {
      name: "post",
      description: "Posts.",
      kind: "idempotent",
      parameters: { type: "object", properties: {}, additionalProperties: false },
      run: async () => {
        used.push(reveal(handle));
        await Promise.resolve();
        if (used.length === 1) throw new ToolError("post", "failed", { message: `the office refused ${reveal(handle)}` });
        if (used.length === 2) throw new Error(`the office burns, ${reveal(handle)}`);
        return { office: "the-post-office", header: `Bearer ${reveal(handle)}` };
      },
    };
    const office = organization({ name: "office", tools: () => [post], agents: { clerk: agent({ purpose: "Post.", tools: ["post"] }) } });
    await using journal = await openSqliteJournal(join(directory, "office.journal"));
    const logged: string[] = [];
    const log = (facts: object, message: string): void => void logged.push(`${message} ${Object.values(facts).map(inWords).join(" ")}`);
    const logger = { debug: log, info: log, warn: log, error: log };
    const events: unknown[] = [];
    const model = openaiModel({ apiKey: secret("ORGTREE_TEST_KEY"), baseURL: server.url, model: "m", logger });
    const result = await run(office, "Post it.", { model, journal, logger, onEvent: (e) => events.push(e) });
    expect(result.status).toBe("done");
    expect([used, server.requests[0]!.headers.authorization]).toEqual([[token, token, token], `Bearer ${key}`]);

    const stored: string[] = [];
    for await (const { data } of journal.read()) stored.push(Buffer.from(data).toString("latin1"));
    const news: unknown[] = [];
    for await (const one of readRunNews(journal)) news.push(one);
    const files = await Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name), "latin1")));
    const places = { stored: stored.join(""), news: JSON.stringify(news), events: inWords(events), logged: logged.join("\n") };
    const all = { ...places, result: JSON.stringify(result), files: files.join("").replaceAll(`${token}\n`, "") };
    for (const [place, text] of Object.entries(all))
      for (const value of [token, key]) expect([place, text.includes(value)]).toEqual([place, false]);
    // What is not secret is found there, and so are the names.
    for (const word of ["the-post-office", "Bearer secret:ORGTREE_TEST_TOKEN", "Bearer secret:ORGTREE_TEST_KEY"])
      expect(places.stored).toContain(word);
    expect(places.events).toContain("the office burns, secret:ORGTREE_TEST_TOKEN");
  });
});

/** An error is no plain data, and has the most in it. */
function inWords(value: unknown): string {
  if (value instanceof Error) return `${value.stack} ${inWords(value.cause)}`;
  return JSON.stringify(value, (_name, item: unknown) => (item instanceof Error ? inWords(item) : item)) ?? "";
}
