/* Decoding of the page's arrays (base64 → gzip → typed arrays), and access to them. */
const about = JSON.parse(document.getElementById('about').textContent);
const examples = about.examples, exampleCount = about.examples.example.length, windowLength = about.length, windows = about.windows;
let arrays = {};

async function decodeBlock() {
  const text = document.getElementById('block').textContent, raw = atob(text.trim()), compressed = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) compressed[i] = raw.charCodeAt(i);
  let block = null;
  if (typeof DecompressionStream === 'function') {
    try {
      const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('gzip'));
      block = new Uint8Array(await new Response(stream).arrayBuffer());
    } catch (error) { block = null; }
  }
  if (!block || block.length !== about.size) block = inflate(compressed, about.size);
  arrays = unpackArrays(block.buffer);
}

function unpackArrays(buffer) {
  const types = { uint8: Uint8Array, int8: Int8Array, int16: Int16Array, float32: Float32Array }, result = {};
  for (const [name, row] of Object.entries(about.arrays)) {
    result[name] = new types[row.type](buffer, row.at, row.shape.reduce((a, b) => a * b, 1));
  }
  return result;
}

/* Unpack a gzip block (RFC 1951, 1952) if the browser has no DecompressionStream. The header has no optional fields. */
function inflate(input, size) {
  const out = new Uint8Array(size), LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
  const BACK = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  let inputStart = 10, buffer = 0, bufferedBits = 0, outputEnd = 0;
  const bits = (n) => {
    while (bufferedBits < n) { buffer |= input[inputStart++] << bufferedBits; bufferedBits += 8; }
    const value = buffer & ((1 << n) - 1);
    buffer >>>= n; bufferedBits -= n;
    return value;
  };
  const tree = (sizes) => {
    const count = new Uint16Array(16), first = new Uint16Array(16), symbol = new Uint16Array(sizes.length);
    for (const s of sizes) count[s]++;
    count[0] = 0;
    for (let i = 1; i < 16; i++) first[i] = first[i - 1] + count[i - 1];
    sizes.forEach((s, i) => { if (s) symbol[first[s]++] = i; });
    return { count, symbol };
  };
  const next = (code) => {
    let prefix = 0, base = 0, index = 0;
    for (let i = 1; i < 16; i++) {
      prefix |= bits(1);
      const n = code.count[i];
      if (prefix - n < base) return code.symbol[index + prefix - base];
      index += n; base = (base + n) << 1; prefix <<= 1;
    }
    throw new Error('the block is damaged');
  };
  const fixedTrees = () => [tree(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))), tree(new Array(30).fill(5))];
  const readTrees = () => {
    const literalCount = bits(5) + 257, distanceCount = bits(5) + 1, codeSizes = new Array(19).fill(0), sizes = [];
    for (let i = 0, n = bits(4) + 4; i < n; i++) codeSizes[ORDER[i]] = bits(3);
    const code = tree(codeSizes);
    while (sizes.length < literalCount + distanceCount) {
      const symbol = next(code);
      if (symbol < 16) sizes.push(symbol);
      else for (let repeated = symbol === 16 ? sizes[sizes.length - 1] : 0, n = symbol === 16 ? 3 + bits(2) : symbol === 17 ? 3 + bits(3) : 11 + bits(7); n; n--) sizes.push(repeated);
    }
    return [tree(sizes.slice(0, literalCount)), tree(sizes.slice(literalCount))];
  };
  for (let isLast = 0; !isLast;) {
    isLast = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      inputStart -= bufferedBits >> 3; buffer = bufferedBits = 0;
      const n = input[inputStart] | (input[inputStart + 1] << 8);
      inputStart += 4; out.set(input.subarray(inputStart, inputStart + n), outputEnd); inputStart += n; outputEnd += n;
      continue;
    }
    const [literals, distances] = kind === 1 ? fixedTrees() : readTrees();
    for (let symbol = next(literals); symbol !== 256; symbol = next(literals)) {
      if (symbol < 256) { out[outputEnd++] = symbol; continue; }
      const lengthCode = symbol - 257, n = LENGTHS[lengthCode] + bits(lengthCode < 8 || lengthCode === 28 ? 0 : (lengthCode - 4) >> 2), distance = next(distances);
      const from = outputEnd - BACK[distance] - bits(distance < 4 ? 0 : (distance - 2) >> 1);
      for (let i = 0; i < n; i++) out[outputEnd++] = out[from + i];
    }
  }
  return out;
}

/* Codes of an example's window: 0–3 = A C G T, 4 = N. */
function getCodes(row, window) { return sliceWindow(arrays.sequence, row, window, 1); }

function sliceWindow(values, row, window, perPosition) {
  const width = windowLength * windows.length * perPosition, start = row * width + window * windowLength * perPosition;
  return values.subarray(start, start + windowLength * perPosition);
}

/* Contributions of the bases of a window, one number per position; null if they are not finite. */
function getContributions(method, head, row, window) { return readScaled('contribution/' + method + '/' + head, row, window, 1); }

/* Change of the output by each substitution: four numbers (A C G T) per position; null if not available. */
function getChanges(head, row, window) { return readScaled('change/' + head, row, window, 4); }

function readScaled(name, row, window, perPosition) {
  if (!arrays[name]) return null;
  const step = arrays[name + '/step'][row];
  return Number.isFinite(step) ? Float32Array.from(sliceWindow(arrays[name], row, window, perPosition), (v) => v * step) : null;
}

/* Label per position: { sites: class codes } or { signal: values of bins }; null for outcomes of the full window. */
function getLabel(row) {
  if (arrays.sites) return { sites: arrays.sites.subarray(row * windowLength, (row + 1) * windowLength) };
  if (!arrays.signal) return null;
  const bins = about.arrays.signal.shape[1], step = arrays['signal/step'][row];
  return Number.isFinite(step) ? { signal: Float32Array.from(arrays.signal.subarray(row * bins, (row + 1) * bins), (v) => v * step) } : null;
}
