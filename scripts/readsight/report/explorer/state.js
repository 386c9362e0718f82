/* State of the view and its form in the address: #example=…&head=…&method=…,…&from=…&to=…&place=… */
const state = { example: 0, head: about.heads[0], methods: about.methods.map((m) => m.key), from: 0, to: windowLength, position: null, window: 0,
  scale: 'each', map: false, hasExample: false, seek: '', class: '', called: '', sort: 'given', hasView: false };

function findExample(name) {
  const index = examples.example.indexOf(name);
  if (index >= 0) return index;
  return /^\d+$/.test(name) && +name >= 1 && +name <= exampleCount ? +name - 1 : -1;  // otherwise the number of an example
}

function parseNumber(text, low, high) {
  const value = Number(text);
  return text !== null && text !== '' && Number.isFinite(value) ? Math.min(Math.max(Math.round(value), low), high) : null;
}

/* Read the state from the address. Missing or invalid values take their defaults. Returns the invalid ones. */
function readAddress(hash) {
  const params = new URLSearchParams(hash.replace(/^#/, '').replace(/\+/g, '%2B')), unknown = [];
  const pickOption = (name, allowed, fallback) => {
    const value = params.get(name);
    if (value === null || allowed.includes(value)) return value === null ? fallback : value;
    unknown.push(`${name} ${value}`);
    return fallback;
  };
  state.hasExample = params.get('example') !== null;
  if (state.hasExample) {
    const index = findExample(params.get('example'));
    if (index < 0) unknown.push(`example ${params.get('example')}`); else state.example = index;
  }
  state.head = pickOption('head', about.heads, about.heads[0]);
  const methodNames = about.methods.map((m) => m.key), requested = (params.get('method') || '').split(',').filter(Boolean);
  unknown.push(...requested.filter((w) => !methodNames.includes(w)).map((w) => `method ${w}`));
  state.methods = requested.some((w) => methodNames.includes(w)) ? methodNames.filter((w) => requested.includes(w)) : methodNames;
  state.scale = pickOption('scale', ['each', 'all', 'view'], 'each');
  state.map = params.get('map') === '1';
  state.seek = params.get('seek') || '';
  state.class = pickOption('class', examples.filters, '');
  state.called = pickOption('called', ['right', 'wrong'], '');
  state.sort = pickOption('sort', Object.keys(ORDERS), 'given');
  const from = parseNumber(params.get('from'), 1, windowLength), to = parseNumber(params.get('to'), 1, windowLength), position = parseNumber(params.get('place'), 1, windowLength);
  state.position = position === null ? null : position - 1;
  state.hasView = from !== null && to !== null && to >= from;
  if (state.hasView) setView(from - 1, to);
  return unknown;
}

function formatAddress() {
  const parts = [['example', examples.example[state.example]]];
  if (about.heads.length > 1) parts.push(['head', state.head]);
  parts.push(['method', state.methods.join(',')]);
  if (state.hasView) parts.push(['from', state.from + 1], ['to', state.to]);
  if (state.position !== null) parts.push(['place', state.position + 1]);
  if (state.scale !== 'each') parts.push(['scale', state.scale]);
  if (state.map) parts.push(['map', 1]);
  for (const name of ['seek', 'class', 'called']) if (state[name]) parts.push([name, state[name]]);
  if (state.sort !== 'given') parts.push(['sort', state.sort]);
  return '#' + parts.map(([name, value]) => `${name}=${encodeURIComponent(value).replace(/%2C/g, ',')}`).join('&');
}

let lastHash = '', addressTimer = 0;

/* Write the state into the address after a short delay. addHistory: as a new entry, so that Back restores the previous view. */
function updateAddress(addHistory) {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
    const hash = formatAddress();
    if (hash === lastHash) return;
    lastHash = hash;
    try { if (addHistory) history.pushState(null, '', hash); else history.replaceState(null, '', hash); } catch (error) { /* an embedded page may have no address */ }
  }, addHistory ? 0 : 200);
}

/* Show positions from … to (0-based, half-open), clipped to the window and at least ten wide. */
function setView(from, to) {
  const minimum = Math.min(10, windowLength), width = Math.min(Math.max(Math.round(to - from), minimum), windowLength);
  state.from = Math.min(Math.max(Math.round((from + to - width) / 2), 0), windowLength - width);
  state.to = state.from + width;
}

/* Default view of an example: the full window if its letters are readable, else around the explained position or the largest contributions. */
function resetView(width) {
  const letterCount = Math.max(Math.floor(width / 9), 20);
  if (windowLength <= letterCount * 1.5) return setView(0, windowLength);
  let middle = state.position === null ? explainedPosition() : state.position;
  if (middle === null) {
    const values = getContributions(state.methods[0] || about.methods[0].key, state.head, state.example, 0);
    middle = values ? findDensest(values, letterCount) : windowLength / 2;
  }
  return setView(middle - letterCount / 2, middle + letterCount / 2);
}

function findDensest(values, width) {
  let sum = 0, best = -1, start = 0;
  for (let i = 0; i < values.length; i++) {
    sum += Math.abs(values[i]) - (i >= width ? Math.abs(values[i - width]) : 0);
    if (i >= width - 1 && sum > best) { best = sum; start = i - width + 1; }
  }
  return start + width / 2;
}

/* Explained position, for outcomes per position; null otherwise. */
function explainedPosition() {
  const positions = examples.at[state.head];
  return positions ? positions[state.example] : null;
}

/* Genomic position (1-based) of a position in the window; null if not known. */
function genomePosition(position) {
  const i = state.example;
  if (!examples.chrom[i] || examples.start[i] < 0) return null;
  return examples.strand[i] === '-' ? examples.end[i] - position : examples.start[i] + position + 1;
}
