import { ModelError, type ModelErrorKind } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { CallMeter, wasRefused } from "./call-meter.ts";

const codeOf = (code: string): Error => Object.assign(new Error(code), { code });

describe("a failed attempt", () => {
  test.each<{ what: string; error: unknown; isFree: boolean }>([
    ...(["rate-limit", "auth", "bad-request", "context-overflow"] as const).flatMap((kind) => [
      { what: `${kind}, refused with a status`, error: new ModelError(kind, "no", { status: 400 }), isFree: true },
      { what: `${kind}, never sent`, error: new ModelError(kind, "no"), isFree: true },
      { what: `${kind}, after the server took it`, error: new ModelError(kind, "no", { status: 200 }), isFree: false },
    ]),
    ...(["refusal", "invalid-output", "network", "timeout", "server"] satisfies ModelErrorKind[]).map((kind) => ({
      what: kind,
      error: new ModelError(kind, "who knows"),
      isFree: false,
    })),
    {
      what: "network, no connection",
      error: new ModelError("network", "no", { cause: new TypeError("fetch failed", { cause: codeOf("ECONNREFUSED") }) }),
      isFree: true,
    },
    { what: "network, cut off", error: new ModelError("network", "no", { cause: codeOf("ECONNRESET") }), isFree: false },
    { what: "a crash of the client", error: new TypeError("of undefined"), isFree: false },
  ])("$what: free is $isFree", ({ error, isFree }) => {
    expect(wasRefused(error)).toBe(isFree);
  });
});

describe("a meter", () => {
  function metered(): { readonly meter: CallMeter; readonly heard: string[] } {
    const heard: string[] = [];
    const meter = new CallMeter(() => {
      heard.push("reserve");
      return { settle: (spent) => void heard.push(`settle ${JSON.stringify(spent)}`), keep: () => void heard.push("keep") };
    });
    return { meter, heard };
  }

  test("reserves for each attempt, keeps what is unknown and gives back what was refused", () => {
    const { meter, heard } = metered();
    for (const kind of ["timeout", "rate-limit"] as const) {
      meter.begin();
      meter.fail(new ModelError(kind, "no"));
    }
    meter.begin();
    meter.settle({ tokens: 3, usd: 0 });
    expect(heard).toEqual(["reserve", "keep", "reserve", "settle {}", "reserve", 'settle {"tokens":3,"usd":0}']);
  });

  test("hears of the same attempt twice, from wrappers around wrappers, and pays once", () => {
    const { meter, heard } = metered();
    meter.begin();
    meter.begin();
    meter.fail(new ModelError("timeout", "no"));
    meter.fail(new ModelError("rate-limit", "no"));
    meter.settle({ tokens: 1, usd: 0 });
    expect(heard).toEqual(["reserve", "keep"]);
  });
});
