/**
 * A number from 0 to 2^32 - 1 for a text, the same in every process and every version for ever: FNV-1a of 32 bits over its UTF-16 units, then
 * the last step of MurmurHash3, since the bits of FNV alone depend on few of the last characters.
 */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
