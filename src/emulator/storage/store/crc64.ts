/**
 * The CRC64 of Azure Storage (`x-ms-content-crc64`): reflected, polynomial 0x9A6C9329AC4BC9B5, all bits inverted
 * before and after, answered little-endian in base64. Two 32-bit halves, because BigInt would be too slow for bodies,
 * and eight bytes a step ("slicing-by-8", Kounavis and Berry).
 */

const POLYNOMIAL_HIGH = 0x9a6c9329;
const POLYNOMIAL_LOW = 0xac4bc9b5;

/** Entry `256 * k + b`: what the byte b contributes when k bytes follow it in the step. */
const high = new Uint32Array(2048);
const low = new Uint32Array(2048);

for (let byte = 0; byte < 256; byte += 1) {
  let upper = 0;
  let lower = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    const odd = (lower & 1) === 1;
    lower = ((lower >>> 1) | (upper << 31)) >>> 0;
    upper >>>= 1;
    if (odd) {
      upper = (upper ^ POLYNOMIAL_HIGH) >>> 0;
      lower = (lower ^ POLYNOMIAL_LOW) >>> 0;
    }
  }
  high[byte] = upper;
  low[byte] = lower;
}
for (let index = 256; index < 2048; index += 1) {
  const upper = high[index - 256] as number;
  const lower = low[index - 256] as number;
  const entry = lower & 0xff;
  low[index] = ((lower >>> 8) | (upper << 24)) ^ (low[entry] as number);
  high[index] = (upper >>> 8) ^ (high[entry] as number);
}

/** A running checksum over the chunks passed to `update`. */
interface Crc64 {
  update(chunk: Uint8Array): void;
  /** Base64, little-endian, as the header carries it. */
  digest(): string;
}

/** The checksum so far, inverted. */
interface State {
  upper: number;
  lower: number;
}

export function createCrc64(): Crc64 {
  const state: State = { upper: 0xffffffff, lower: 0xffffffff };
  return {
    update(chunk) {
      const whole = chunk.length - (chunk.length % 8);
      addSteps(state, chunk, whole);
      addBytes(state, chunk, whole);
    },
    digest() {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32LE(~state.lower >>> 0, 0);
      bytes.writeUInt32LE(~state.upper >>> 0, 4);
      return bytes.toString("base64");
    },
  };
}

/** Eight bytes at a time, up to `end`. */
function addSteps(state: State, chunk: Uint8Array, end: number): void {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  let { upper, lower } = state;
  for (let at = 0; at < end; at += 8) {
    const one = lower ^ view.getInt32(at, true);
    const two = upper ^ view.getInt32(at + 4, true);
    const a = 0x700 | (one & 0xff);
    const b = 0x600 | ((one >>> 8) & 0xff);
    const c = 0x500 | ((one >>> 16) & 0xff);
    const d = 0x400 | (one >>> 24);
    const e = 0x300 | (two & 0xff);
    const f = 0x200 | ((two >>> 8) & 0xff);
    const g = 0x100 | ((two >>> 16) & 0xff);
    const h = two >>> 24;
    lower =
      (low[a] as number) ^
      (low[b] as number) ^
      (low[c] as number) ^
      (low[d] as number) ^
      (low[e] as number) ^
      (low[f] as number) ^
      (low[g] as number) ^
      (low[h] as number);
    upper =
      (high[a] as number) ^
      (high[b] as number) ^
      (high[c] as number) ^
      (high[d] as number) ^
      (high[e] as number) ^
      (high[f] as number) ^
      (high[g] as number) ^
      (high[h] as number);
  }
  state.upper = upper;
  state.lower = lower;
}

/** The rest, byte by byte, from `start`. */
function addBytes(state: State, chunk: Uint8Array, start: number): void {
  let { upper, lower } = state;
  for (let at = start; at < chunk.length; at += 1) {
    const entry = (lower ^ (chunk[at] as number)) & 0xff;
    lower = ((lower >>> 8) | (upper << 24)) ^ (low[entry] as number);
    upper = (upper >>> 8) ^ (high[entry] as number);
  }
  state.upper = upper;
  state.lower = lower;
}
