// QR codes (ISO/IEC 18004): bytes at error correction level L, versions 1 to 20, which hold 858 bytes.

const NAMESPACE = "http://www.w3.org/2000/svg";
/** Of each version at level L: error correction codewords of a block, and blocks. */
const CHECKS = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8];
const MASKS = [
  (x, y) => (x + y) % 2,
  (x, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** A picture of a text as a QR code. */
export function qrCode(text, label) {
  const rows = encode(text);
  const size = rows.length + 8;
  const svg = document.createElementNS(NAMESPACE, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, class: "qr" })) {
    svg.setAttribute(name, value);
  }
  const dark = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x + 4} ${y + 4}h1v1h-1z` : "")));
  const path = document.createElementNS(NAMESPACE, "path");
  path.setAttribute("d", dark.join(""));
  svg.append(path);
  return svg;
}

/** The modules of a text's code, row by row: true for dark. */
export function encode(text) {
  const bytes = new TextEncoder().encode(text);
  const version = [...BLOCKS.keys()].map((at) => at + 1).find((version) => bytes.length + lengthBytes(version) <= dataCodewords(version));
  if (!version) throw new Error("The text is too long for a QR code.");
  const bits = codewords(bytes, version).flatMap((byte) => bitsOf(byte, 8));
  const drawn = MASKS.map((_, mask) => draw(version, bits, mask));
  return drawn.toSorted((a, b) => penalty(a) - penalty(b))[0];
}

const sizeOf = (version) => 17 + 4 * version;
/** The header and the end: four bits of the mode, 8 or 16 of the length, and four zeros. */
const lengthBytes = (version) => (version < 10 ? 2 : 3);
const bitsOf = (value, count) => Array.from({ length: count }, (_, at) => (value >> (count - 1 - at)) & 1);

function allCodewords(version) {
  const patterns = version === 1 ? 0 : Math.floor(version / 7) + 2;
  let modules = (16 * version + 128) * version + 64;
  if (patterns) modules -= (25 * patterns - 10) * patterns - 55;
  if (version >= 7) modules -= 36;
  return Math.floor(modules / 8);
}

const dataCodewords = (version) => allCodewords(version) - CHECKS[version - 1] * BLOCKS[version - 1];

/** All codewords in the order in which they are drawn: those of the blocks by turns, data before error correction. */
function codewords(bytes, version) {
  const [count, checks] = [BLOCKS[version - 1], CHECKS[version - 1]];
  const capacity = dataCodewords(version);
  const bits = [...bitsOf(4, 4), ...bitsOf(bytes.length, version < 10 ? 8 : 16), ...[...bytes].flatMap((byte) => bitsOf(byte, 8)), 0, 0, 0, 0];
  const data = Array.from({ length: bits.length / 8 }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8).join(""), 2));
  while (data.length < capacity) data.push(0xec, 0x11);
  data.length = capacity;
  const short = Math.floor(capacity / count);
  const longer = capacity % count;
  const blocks = Array.from({ length: count }, (_, at) => {
    const start = at * short + Math.max(0, at - (count - longer));
    return data.slice(start, start + short + (at >= count - longer ? 1 : 0));
  });
  const corrections = blocks.map((block) => remainder(block, generator(checks)));
  return [...byTurns(blocks), ...byTurns(corrections)];
}

function byTurns(blocks) {
  const longest = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: longest }, (_, at) => blocks.map((block) => block[at])).flat().filter((byte) => byte !== undefined);
}

/** Multiplies in GF(2^8), modulo x^8 + x^4 + x^3 + x^2 + 1. */
function multiply(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a);
  return product;
}

/** The coefficients of (x - 1)(x - 2)(x - 4)…, without the first, which is 1. */
function generator(degree) {
  let polynomial = [1];
  let root = 1;
  for (let at = 0; at < degree; at += 1) {
    const [current, factor] = [polynomial, root];
    polynomial = Array.from({ length: current.length + 1 }, (_, to) => (current[to] ?? 0) ^ multiply(current[to - 1] ?? 0, factor));
    root = multiply(root, 2);
  }
  return polynomial.slice(1);
}

function remainder(data, divisor) {
  let rest = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ rest[0];
    rest = divisor.map((coefficient, at) => (rest[at + 1] ?? 0) ^ multiply(coefficient, factor));
  }
  return rest;
}

/** Draws everything, with one of the masks. */
function draw(version, bits, mask) {
  const size = sizeOf(version);
  const rows = Array.from({ length: size }, () => Array(size).fill(undefined));
  const set = (x, y, value) => {
    if (x >= 0 && y >= 0 && x < size && y < size) rows[y][x] = Boolean(value);
  };
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) finder(set, x, y);
  for (const [x, y] of alignments(version)) alignment(set, x, y);
  for (let at = 8; at < size - 8; at += 1) {
    set(at, 6, at % 2 === 0);
    set(6, at, at % 2 === 0);
  }
  format(set, size, mask);
  if (version >= 7) versionInformation(set, size, version);
  zigzag(rows, size, bits, MASKS[mask]);
  return rows;
}

/** A square of seven modules, with a light border. */
function finder(set, x, y) {
  for (let dy = -4; dy <= 4; dy += 1) {
    for (let dx = -4; dx <= 4; dx += 1) {
      const distance = Math.max(Math.abs(dx), Math.abs(dy));
      set(x + dx, y + dy, distance !== 2 && distance !== 4);
    }
  }
}

function alignment(set, x, y) {
  for (let dy = -2; dy <= 2; dy += 1) {
    for (let dx = -2; dx <= 2; dx += 1) set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
  }
}

/** The middles of the alignment patterns: those in the corners of finders overlap them. */
function alignments(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const last = sizeOf(version) - 7;
  const step = Math.ceil((last - 6) / (count - 1) / 2) * 2;
  const places = Array.from({ length: count }, (_, at) => (at === 0 ? 6 : last - (count - 1 - at) * step));
  const corners = [[6, 6], [6, last], [last, 6]];
  return places.flatMap((x) => places.map((y) => [x, y])).filter(([x, y]) => !corners.some(([a, b]) => a === x && b === y));
}

/** Level and mask, twice, with their error correction. */
function format(set, size, mask) {
  const level = 1;
  const data = (level << 3) | mask;
  const value = ((data << 10) | divided(data << 10, 0x537, 10)) ^ 0x5412;
  const bit = (at) => (value >> at) & 1;
  for (let at = 0; at < 6; at += 1) set(8, at, bit(at));
  set(8, 7, bit(6));
  set(8, 8, bit(7));
  set(7, 8, bit(8));
  for (let at = 9; at < 15; at += 1) set(14 - at, 8, bit(at));
  for (let at = 0; at < 8; at += 1) set(size - 1 - at, 8, bit(at));
  for (let at = 8; at < 15; at += 1) set(8, size - 15 + at, bit(at));
  set(8, size - 8, true);
}

function versionInformation(set, size, version) {
  const value = (version << 12) | divided(version << 12, 0x1f25, 12);
  for (let at = 0; at < 18; at += 1) {
    const [far, near] = [size - 11 + (at % 3), Math.floor(at / 3)];
    set(far, near, (value >> at) & 1);
    set(near, far, (value >> at) & 1);
  }
}

/** The remainder of a division of polynomials over GF(2). */
function divided(value, divisor, degree) {
  let rest = value;
  for (let bit = 31 - Math.clz32(rest); bit >= degree; bit = 31 - Math.clz32(rest)) rest ^= divisor << (bit - degree);
  return rest;
}

/** Fills what is left with bits, in pairs of columns from the right, up and down by turns. */
function zigzag(rows, size, bits, mask) {
  let next = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    // The column of the timing pattern is left out.
    const column = right <= 6 ? right - 1 : right;
    const isUp = ((column + 1) & 2) === 0;
    for (let step = 0; step < size; step += 1) {
      const y = isUp ? size - 1 - step : step;
      for (const x of [column, column - 1]) {
        if (rows[y][x] !== undefined) continue;
        rows[y][x] = Boolean((bits[next] ?? 0) ^ (mask(x, y) === 0 ? 1 : 0));
        next += 1;
      }
    }
  }
}

/** How hard to read a code is: long runs, blocks, and too much of one colour. */
function penalty(rows) {
  const size = rows.length;
  let points = 0;
  for (let a = 0; a < size; a += 1) {
    for (const line of [rows[a], rows.map((row) => row[a])]) {
      for (const run of line.map(Number).join("").match(/0{5,}|1{5,}/g) ?? []) points += run.length - 2;
    }
  }
  for (let y = 1; y < size; y += 1) {
    for (let x = 1; x < size; x += 1) {
      if (rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x - 1]) points += 3;
    }
  }
  const share = rows.flat().filter(Boolean).length / size ** 2;
  return points + Math.floor(Math.abs(share - 0.5) * 20) * 10;
}
