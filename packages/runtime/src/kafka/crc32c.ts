/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4) of a record batch, eight bytes at a step. kafkajs 2.2.4 takes one byte at a step, which was a
 * twentieth of the CPU of inference (ADR 0017). Node's own `zlib.crc32` is another polynomial.
 */
const reversedPolynomial = 0x82f63b78;
const tables = makeTables();

/** Unsigned, 32 bits. */
export function crc32c(bytes: Uint8Array): number {
  const length = bytes.length;
  const whole = length - (length % 8);
  let crc = -1;
  let i = 0;
  for (; i < whole; i += 8) {
    crc ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    crc =
      of(7, crc & 0xff) ^
      of(6, (crc >>> 8) & 0xff) ^
      of(5, (crc >>> 16) & 0xff) ^
      of(4, crc >>> 24) ^
      of(3, at(bytes, i + 4)) ^
      of(2, at(bytes, i + 5)) ^
      of(1, at(bytes, i + 6)) ^
      of(0, at(bytes, i + 7));
  }
  for (; i < length; i++) crc = of(0, (crc ^ at(bytes, i)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const at = (bytes: Uint8Array, index: number): number => bytes[index] as number;
/** What a byte with so many bytes behind it adds. */
const of = (behind: number, byte: number): number => tables[(behind << 8) | byte] as number;

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ reversedPolynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let i = 256; i < made.length; i++) {
    const before = made[i - 256] as number;
    made[i] = (before >>> 8) ^ (made[before & 0xff] as number);
  }
  return made;
}
