/** Kafka's own hash (murmur2, as its Java client has it), so that a key lands on the same partition whoever publishes it. Pure. */
const seed = 0x9747b28c;
const m = 0x5bd1e995;

export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let h = seed ^ length;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    k = Math.imul(k, m);
    k = Math.imul(k ^ (k >>> 24), m);
    h = Math.imul(h, m) ^ k;
  }
  h = tail(bytes, whole, h);
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}

function tail(bytes: Uint8Array, whole: number, hash: number): number {
  const rest = bytes.length - whole;
  if (rest === 0) return hash;
  let h = hash;
  if (rest === 3) h ^= at(bytes, whole + 2) << 16;
  if (rest >= 2) h ^= at(bytes, whole + 1) << 8;
  return Math.imul(h ^ at(bytes, whole), m);
}

const at = (bytes: Uint8Array, i: number): number => bytes[i] as number;

/** Kafka's default: the key's hash, made positive, modulo the number of partitions. */
export const partitionOfKey = (key: Uint8Array, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions;
