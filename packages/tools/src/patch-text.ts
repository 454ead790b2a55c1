/** Makes text of a patch. A file whose encoding is not UTF-8, which a string cannot hold, goes as it is in the binary patch. */
export async function patchText(bytes: Buffer, binaryPatch: () => Promise<Buffer>): Promise<string> {
  const whole = decode(bytes);
  if (whole !== undefined) return whole;
  const binary = splitPatch(await binaryPatch());
  return splitPatch(bytes)
    .map((part, index) => decode(Buffer.from(part, "latin1")) ?? binary[index])
    .join("");
}

/** The parts of a patch, one for each file, byte for byte as latin1. No line of content can begin as their first lines do. */
function splitPatch(patch: Buffer): string[] {
  return patch.toString("latin1").split(/^(?=diff --git )/m);
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
