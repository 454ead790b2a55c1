/** The running sum of a log and of its index. */
export class LogChecksum {
  readonly #little: boolean;
  #first = 0;
  #second = 0;

  constructor(little: boolean) {
    this.#little = little;
  }

  /** The same so far, to go on from more than once. */
  copy(): LogChecksum {
    const copy = new LogChecksum(this.#little);
    copy.#first = this.#first;
    copy.#second = this.#second;
    return copy;
  }

  add(bytes: Buffer): LogChecksum {
    let [first, second] = [this.#first, this.#second];
    for (let at = 0; at < bytes.length; at += 8) {
      first = (first + this.#word(bytes, at) + second) >>> 0;
      second = (second + this.#word(bytes, at + 4) + first) >>> 0;
    }
    this.#first = first;
    this.#second = second;
    return this;
  }

  /** Both words of the sum that is stored there, one of them, or none. */
  matches(bytes: Buffer, at: number): "both" | "one" | "none" {
    const first = bytes.readUInt32BE(at) === this.#first;
    const second = bytes.readUInt32BE(at + 4) === this.#second;
    if (first && second) return "both";
    return first || second ? "one" : "none";
  }

  store(bytes: Buffer, at: number): void {
    bytes.writeUInt32BE(this.#first, at);
    bytes.writeUInt32BE(this.#second, at + 4);
  }

  /** Goes on as if the sum so far were the one that is stored there. */
  set(bytes: Buffer, at: number): void {
    this.#first = bytes.readUInt32BE(at);
    this.#second = bytes.readUInt32BE(at + 4);
  }

  #word(bytes: Buffer, at: number): number {
    return this.#little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }
}

/** With each bit of the first `count` bytes flipped in turn; the bytes are the same again afterwards. */
export function* withEachBitFlipped(bytes: Buffer, count: number): Generator<Buffer> {
  for (let bit = 0; bit < count * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    yield bytes;
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
}
