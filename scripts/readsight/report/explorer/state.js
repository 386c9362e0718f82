/* What is looked at, and the address that says so: #example=…&head=…&method=…,…&from=…&to=…&place=… */
const state = { example: 0, head: about.heads[0], methods: about.methods.map((m) => m.word), from: 0, to: places, place: null, window: 0,
  scale: 'own', map: false, named: false, seek: '', class: '', called: '', sort: 'given', chosen: false };

function found(name) {
  const at = examples.example.indexOf(name);
  if (at >= 0) return at;
  return /^\d+$/.test(name) && +name >= 1 && +name <= total ? +name - 1 : -1;  // else the number of an example
}

function numeric(text, low, high) {
  const value = Number(text);
  return text !== null && text !== '' && Number.isFinite(value) ? Math.min(Math.max(Math.round(value), low), high) : null;
}

/* Take the state from the address; what it does not name, or names wrongly, is as usual. Returns what it could not follow. */
function read(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, '').replace(/\+/g, '%2B')), wrong = [];
  const one = (name, allowed, usual) => {
    const value = given.get(name);
    if (value === null || allowed.includes(value)) return value === null ? usual : value;
    wrong.push(`${name} ${value}`);
    return usual;
  };
  state.named = given.get('example') !== null;
  if (state.named) {
    const at = found(given.get('example'));
    if (at < 0) wrong.push(`example ${given.get('example')}`); else state.example = at;
  }
  state.head = one('head', about.heads, about.heads[0]);
  const words = about.methods.map((m) => m.word), named = (given.get('method') || '').split(',').filter(Boolean);
  wrong.push(...named.filter((w) => !words.includes(w)).map((w) => `method ${w}`));
  state.methods = named.some((w) => words.includes(w)) ? words.filter((w) => named.includes(w)) : words;
  state.scale = one('scale', ['own', 'all', 'view'], 'own');
  state.map = given.get('map') === '1';
  state.seek = given.get('seek') || '';
  state.class = one('class', examples.filters, '');
  state.called = one('called', ['right', 'wrong'], '');
  state.sort = one('sort', Object.keys(ORDERS), 'given');
  const from = numeric(given.get('from'), 1, places), to = numeric(given.get('to'), 1, places), place = numeric(given.get('place'), 1, places);
  state.place = place === null ? null : place - 1;
  state.chosen = from !== null && to !== null && to >= from;
  if (state.chosen) see(from - 1, to);
  return wrong;
}

function written() {
  const parts = [['example', examples.example[state.example]]];
  if (about.heads.length > 1) parts.push(['head', state.head]);
  parts.push(['method', state.methods.join(',')]);
  if (state.chosen) parts.push(['from', state.from + 1], ['to', state.to]);
  if (state.place !== null) parts.push(['place', state.place + 1]);
  if (state.scale !== 'own') parts.push(['scale', state.scale]);
  if (state.map) parts.push(['map', 1]);
  for (const name of ['seek', 'class', 'called']) if (state[name]) parts.push([name, state[name]]);
  if (state.sort !== 'given') parts.push(['sort', state.sort]);
  return '#' + parts.map(([name, value]) => `${name}=${encodeURIComponent(value).replace(/%2C/g, ',')}`).join('&');
}

let told = '', waiting = 0;

/* Write the state into the address, soon; step: so that the browser's way back leads to the view before. */
function tell(step) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const hash = written();
    if (hash === told) return;
    told = hash;
    try { if (step) history.pushState(null, '', hash); else history.replaceState(null, '', hash); } catch (error) { /* an embedded page may have no address of its own */ }
  }, step ? 0 : 200);
}

/* Show places from … to (0-based, half-open), within the window and not closer than ten of them. */
function see(from, to) {
  const least = Math.min(10, places), width = Math.min(Math.max(Math.round(to - from), least), places);
  state.from = Math.min(Math.max(Math.round((from + to - width) / 2), 0), places - width);
  state.to = state.from + width;
}

/* Where to begin in an example: all of it where its letters can be read, else around what is explained or moves most. */
function usual(room) {
  const wide = Math.max(Math.floor(room / 9), 20);
  if (places <= wide * 1.5) return see(0, places);
  let middle = state.place === null ? explained() : state.place;
  if (middle === null) {
    const values = contributions(state.methods[0] || about.methods[0].word, state.head, state.example, 0);
    middle = values ? densest(values, wide) : places / 2;
  }
  return see(middle - wide / 2, middle + wide / 2);
}

function densest(values, wide) {
  let sum = 0, best = -1, at = 0;
  for (let i = 0; i < values.length; i++) {
    sum += Math.abs(values[i]) - (i >= wide ? Math.abs(values[i - wide]) : 0);
    if (i >= wide - 1 && sum > best) { best = sum; at = i - wide + 1; }
  }
  return at + wide / 2;
}

/* The place that is explained, of outcomes along the sequence; null elsewhere. */
function explained() {
  const own = examples.at[state.head];
  return own ? own[state.example] : null;
}

/* Position on the genome (1-based) of a place of the window; null where it is not known. */
function locus(place) {
  const i = state.example;
  if (!examples.chrom[i] || examples.start[i] < 0) return null;
  return examples.strand[i] === '-' ? examples.end[i] - place : examples.start[i] + place + 1;
}
