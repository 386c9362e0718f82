/* The numbers of the page: base64 → gzip → arrays; and what a reader of them asks. */
const about = JSON.parse(document.getElementById('about').textContent);
const examples = about.examples, total = about.examples.example.length, places = about.length, windows = about.windows;
let arrays = {};

async function decoded() {
  const text = document.getElementById('block').textContent, raw = atob(text.trim()), given = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) given[i] = raw.charCodeAt(i);
  let block = null;
  if (typeof DecompressionStream === 'function') {
    try {
      const stream = new Blob([given]).stream().pipeThrough(new DecompressionStream('gzip'));
      block = new Uint8Array(await new Response(stream).arrayBuffer());
    } catch (error) { block = null; }
  }
  if (!block || block.length !== about.size) block = inflated(given, about.size);
  arrays = unpacked(block.buffer);
}

function unpacked(buffer) {
  const kinds = { uint8: Uint8Array, int8: Int8Array, int16: Int16Array, float32: Float32Array }, found = {};
  for (const [name, row] of Object.entries(about.arrays)) {
    found[name] = new kinds[row.type](buffer, row.at, row.shape.reduce((a, b) => a * b, 1));
  }
  return found;
}

/* Unpack a gzip block (RFC 1951, 1952) where the browser has no DecompressionStream. Its head has no optional parts. */
function inflated(given, size) {
  const out = new Uint8Array(size), LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
  const BACK = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  let at = 10, hold = 0, held = 0, put = 0;
  const bits = (n) => {
    while (held < n) { hold |= given[at++] << held; held += 8; }
    const value = hold & ((1 << n) - 1);
    hold >>>= n; held -= n;
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
    let word = 0, base = 0, index = 0;
    for (let i = 1; i < 16; i++) {
      word |= bits(1);
      const n = code.count[i];
      if (word - n < base) return code.symbol[index + word - base];
      index += n; base = (base + n) << 1; word <<= 1;
    }
    throw new Error('the block is damaged');
  };
  const fixed = () => [tree(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))), tree(new Array(30).fill(5))];
  const told = () => {
    const literal = bits(5) + 257, back = bits(5) + 1, own = new Array(19).fill(0), sizes = [];
    for (let i = 0, n = bits(4) + 4; i < n; i++) own[ORDER[i]] = bits(3);
    const code = tree(own);
    while (sizes.length < literal + back) {
      const word = next(code);
      if (word < 16) sizes.push(word);
      else for (let last = word === 16 ? sizes[sizes.length - 1] : 0, n = word === 16 ? 3 + bits(2) : word === 17 ? 3 + bits(3) : 11 + bits(7); n; n--) sizes.push(last);
    }
    return [tree(sizes.slice(0, literal)), tree(sizes.slice(literal))];
  };
  for (let last = 0; !last;) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      at -= held >> 3; hold = held = 0;
      const n = given[at] | (given[at + 1] << 8);
      at += 4; out.set(given.subarray(at, at + n), put); at += n; put += n;
      continue;
    }
    const [literal, back] = kind === 1 ? fixed() : told();
    for (let word = next(literal); word !== 256; word = next(literal)) {
      if (word < 256) { out[put++] = word; continue; }
      const k = word - 257, n = LENGTHS[k] + bits(k < 8 || k === 28 ? 0 : (k - 4) >> 2), d = next(back);
      const from = put - BACK[d] - bits(d < 4 ? 0 : (d - 2) >> 1);
      for (let i = 0; i < n; i++) out[put++] = out[from + i];
    }
  }
  return out;
}

/* Codes of an example's window: 0–3 = A C G T, 4 = N. */
function codes(row, window) { return part(arrays.sequence, row, window, 1); }

function part(values, row, window, wide) {
  const width = places * windows.length * wide, start = row * width + window * places * wide;
  return values.subarray(start, start + places * wide);
}

/* Contributions of a window's own bases, a number a place; null where they are no numbers. */
function contributions(method, head, row, window) { return scaled('own/' + method + '/' + head, row, window, 1); }

/* What the output changes by where a base is put at a place: numbers place by place, of A C G T; null where not known. */
function changes(head, row, window) { return scaled('change/' + head, row, window, 4); }

function scaled(name, row, window, wide) {
  if (!arrays[name]) return null;
  const step = arrays[name + '/step'][row];
  return Number.isFinite(step) ? Float32Array.from(part(arrays[name], row, window, wide), (v) => v * step) : null;
}

/* The label along the window: { sites: codes of classes } or { signal: numbers of bins }; null where it is none along it. */
function truth(row) {
  if (arrays.sites) return { sites: arrays.sites.subarray(row * places, (row + 1) * places) };
  if (!arrays.signal) return null;
  const bins = about.arrays.signal.shape[1], step = arrays['signal/step'][row];
  return Number.isFinite(step) ? { signal: Float32Array.from(arrays.signal.subarray(row * bins, (row + 1) * bins), (v) => v * step) } : null;
}
