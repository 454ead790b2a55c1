/** Keeps the head and the tail of an output, whatever its length. */
export interface OutputLimit {
  add(chunk: Buffer): void;
  readonly totalBytes: number;
  /** True when the middle was cut. */
  readonly truncated: boolean;
  /** What was kept, as UTF-8; a cut is marked on a line of its own and splits no character. */
  text(): string;
}

/** Keeps at most `maxBytes`, half of them from the start, where the cause often is, and half from the end, where the verdict is. */
export function limitOutput(maxBytes: number): OutputLimit {
  const headBytes = Math.ceil(maxBytes / 2);
  const head: Buffer[] = [];
  const tail = new TailRing(maxBytes - headBytes);
  let totalBytes = 0;
  return {
    get totalBytes() {
      return totalBytes;
    },
    get truncated() {
      return totalBytes > maxBytes;
    },
    add(chunk) {
      const toHead = Math.max(0, Math.min(chunk.length, headBytes - totalBytes));
      if (toHead > 0) head.push(chunk.subarray(0, toHead));
      if (toHead < chunk.length) tail.add(chunk.subarray(toHead));
      totalBytes += chunk.length;
    },
    text() {
      const cutBytes = totalBytes - maxBytes;
      if (cutBytes <= 0) return Buffer.concat([...head, tail.bytes()]).toString("utf8");
      // In stream mode the decoder holds an unfinished character back.
      const start = new TextDecoder().decode(Buffer.concat(head), { stream: true });
      return `${start}\n[… ${cutBytes} bytes cut …]\n${fromCharacterStart(tail.bytes()).toString("utf8")}`;
    },
  };
}

/** Drops the rest of a character whose start was cut: at most three continuation bytes. */
function fromCharacterStart(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start);
}

/** The last bytes of a stream, in memory of fixed size however small the chunks are. */
class TailRing {
  readonly #capacity: number;
  /** Made when first needed: most output fits into the head. */
  #ring: Buffer | undefined;
  #written = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(chunk: Buffer): void {
    if (this.#capacity === 0) return;
    this.#ring ??= Buffer.allocUnsafe(this.#capacity);
    const last = chunk.subarray(Math.max(0, chunk.length - this.#capacity));
    this.#written += chunk.length - last.length;
    const at = this.#written % this.#capacity;
    const beforeEdge = last.copy(this.#ring, at);
    if (beforeEdge < last.length) last.copy(this.#ring, 0, beforeEdge);
    this.#written += last.length;
  }

  bytes(): Buffer {
    if (this.#ring === undefined) return Buffer.alloc(0);
    if (this.#written <= this.#capacity) return this.#ring.subarray(0, this.#written);
    const at = this.#written % this.#capacity;
    return Buffer.concat([this.#ring.subarray(at), this.#ring.subarray(0, at)]);
  }
}
