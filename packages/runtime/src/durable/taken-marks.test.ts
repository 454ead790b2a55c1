import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Mail } from "../actor/mail.ts";
import { emptyBooks, type Books } from "./books.ts";
import { effectKey, type EffectKey } from "./effect-key.ts";
import { markTaken, wasTaken } from "./taken-marks.ts";

const from = "/a";

function mailOf(key: EffectKey): Mail {
  const mail = new Mail("message", { to: "/b", from, trace: "" }, undefined);
  mail.key = key;
  return mail;
}

describe("markTaken", () => {
  test("keeps nothing but the newest where all were taken in order", () => {
    const books = markTaken(markTaken(emptyBooks, { from, key: "1.0" }, []), { from, key: "2.0" }, []);
    expect(books).toEqual({ ...emptyBooks, taken: { "/a": "2.0" } });
  });

  test("keeps what was passed over until it is taken", () => {
    const passed = markTaken(emptyBooks, { from, key: "3.0" }, [mailOf("1.0"), mailOf("2.0")]);
    expect(passed).toMatchObject({ taken: { "/a": "3.0" }, aside: { "/a": ["1.0", "2.0"] } });
    const less = markTaken(passed, { from, key: "2.0" }, [mailOf("1.0")]);
    expect(less).toMatchObject({ taken: { "/a": "3.0" }, aside: { "/a": ["1.0"] } });
    expect(markTaken(less, { from, key: "1.0" }, [])).toEqual({ ...emptyBooks, taken: { "/a": "3.0" } });
  });

  test("knows what was taken, and nothing else, in whatever order that was", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (order) => {
        // What comes in order is put aside, or taken at once, or taken after some that came later.
        const stash: EffectKey[] = [];
        const taken: EffectKey[] = [];
        let books: Books = emptyBooks;
        const take = (key: EffectKey): void => {
          books = markTaken(books, { from, key }, stash.map(mailOf));
          taken.push(key);
        };
        for (const [at, pick] of order.entries()) {
          const key = effectKey(at, 0);
          if (pick % 3 === 0) take(key);
          else stash.push(key);
          if (pick % 5 === 0 && stash.length > 0) take(stash.splice(pick % stash.length, 1)[0]!);
          const known = order.slice(0, at + 1).map((_, seq) => effectKey(seq, 0));
          // Of what is in the stash and newer than all that was taken nothing has to be known.
          expect(known.filter((each) => wasTaken(books, from, each))).toEqual(known.filter((each) => taken.includes(each)));
        }
      }),
    );
  });
});
