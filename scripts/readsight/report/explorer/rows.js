/* The tracks of an example, one under another: ruler, marks, label, and each method with its exams beside it. */
const LOW = 112, HIGH = 200, CELL = 18;
const opened = { exams: Math.max(0, ...about.methods.map((m) => m.exams.length)) <= 8 };  // whether passed exams are listed
const chosen = () => about.methods.filter((m) => state.methods.includes(m.word));

function made(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) if (value !== null && value !== undefined) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function stateOf(method) {
  if (method.passed === null) return made('span', { class: 'state none' }, '– no exam taken');
  return method.passed ? made('span', { class: 'state good' }, '✓ all exams passed') : made('span', { class: 'state bad' }, '✗ FAILED');
}

function failures(method) { return method.exams.filter((row) => !row.passed).map((row) => row.exam).join(', '); }

/* An exam in a line. One that is not defined, or has no limit, is neither passed nor failed. */
function exam(row) {
  const kind = !row.passed ? 'bad' : row.value === null || row.limit === null ? 'none' : 'good', icon = { bad: '✗', none: '–', good: '✓' }[kind];
  const limits = row.low === null || row.high === null ? '' : ` [${figure(row.low)}, ${figure(row.high)}]`, asked = row.limit === null ? '' : `, must be ${row.side || ''} ${figure(row.limit)}`;
  const title = `${row.exam}: ${figure(row.value)}${limits}${asked}${row.n === null ? '' : `, ${row.n} sequences`}${row.reason ? `. ${row.reason}` : ''}`;
  return made('li', { class: kind, title }, made('span', {}, `${icon} ${row.exam}`), made('span', {}, row.value === null ? '' : figure(row.value)));
}

/* What stands beside a track of a method: its name, and how it fared; what it failed is always in sight. */
function beside(method, window) {
  const name = windows.length > 1 ? `${method.name}, ${windows[window]}` : method.name;
  if (window) return [made('h3', {}, name)];
  const where = method.places ? made('p', {}, 'where the model looks, not which base does what') : null, failed = method.exams.filter((row) => !row.passed), rest = method.exams.filter((row) => row.passed);
  const judged = rest.filter((row) => row.value !== null && row.limit !== null).length, others = rest.length - judged;
  const more = made('details', { open: opened.exams ? '' : null }, made('summary', {}, `${judged} passed` + (others ? `, ${others} not judged` : '')), made('ul', {}, ...rest.map(exam)));
  more.addEventListener('toggle', () => { if (more.open !== opened.exams) { opened.exams = more.open; element('tracks').dispatchEvent(new CustomEvent('unfolded', { detail: method.word })); } });
  return [made('h3', {}, name), stateOf(method), where, failed.length ? made('ul', {}, ...failed.map(exam)) : null, rest.length ? more : null];
}

/* Range of a track's heights, as the reader chose it. */
function rangeOf(method, window) {
  const own = (m) => windows.map((_, w) => contributions(m.word, state.head, state.example, w)).filter(Boolean);
  const joined = (all, from, to) => all.map((v) => span(v, from, to)).reduce((a, b) => [Math.min(a[0], b[0]), Math.max(a[1], b[1])], [0, 1e-6]);
  if (state.scale === 'view') return joined(own(method), state.from, state.to);
  if (state.scale === 'all' && !method.places) return joined(chosen().filter((m) => !m.places).flatMap(own), 0, places);
  return joined(own(method), 0, places);
}

function attribution(method, window) {
  return (whole, height) => {
    const frame = { ...whole, top: method.passed === false ? 20 : whole.top };
    const values = contributions(method.word, state.head, state.example, window), unit = about.unit || 'output';
    if (!values) return svg(height, `${method.name}: no numbers`, words(LEFT + 8, height / 2, 'Nothing to draw: these attributions are not finite numbers.', 'bad'));
    const range = rangeOf(method, window), code = codes(state.example, window), said = `${method.name}, places ${frame.from + 1} to ${frame.to}, from ${figure(range[0])} to ${figure(range[1])} ${unit}`;
    const body = method.places ? bars(frame, values, range, height, SOFT, 1) : logo(frame, code, values, range, height);
    const failed = method.passed === false ? words(LEFT + frame.room - 4, 13, `${method.name}: FAILED ${failures(method)}`, 'bad', 'end') : '';
    return svg(height, method.passed === false ? `${said}. FAILED ${failures(method)}` : said, axis(frame, range, height), body, failed);
  };
}

function substitutions(window) {
  return (frame) => {
    const values = changes(state.head, state.example, window);
    if (!values) return svg(30, 'No map of substitutions', words(LEFT + 8, 19, 'The substitutions of this sequence are not known.'));
    const most = values.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
    return svg(4 * CELL + 8, `What the output changes by where each base is put at each place, at most ${figure(most)}`, heat(frame, codes(state.example, window), values, most, CELL));
  };
}

function besideMap(window) {
  const values = changes(state.head, state.example, window), most = values ? values.reduce((a, v) => Math.max(a, Math.abs(v)), 0) : 0;
  const name = windows.length > 1 ? `Every substitution, ${windows[window]}` : 'Every substitution', own = about.methods.find((m) => m.word === 'mutagenesis');
  const failed = own && own.passed === false ? made('span', { class: 'state bad' }, `✗ FAILED ${failures(own)}`) : null;
  return [made('h3', {}, name), failed, made('p', {}, `−${figure(most)} `, made('span', { class: 'legend', role: 'img', 'aria-label': 'blue lowers, orange raises' }), ` +${figure(most)}`), made('p', {}, `change of the ${about.unit || 'output'}; ● the base that is there`)];
}

/* The tracks of what is looked at: [{ key, kind, draw(frame) → SVG or null, side: nodes }]. */
function tracksOf() {
  const row = state.example, list = [];
  windows.forEach((name, w) => {
    list.push({ key: 'ruler' + w, kind: w ? '' : 'first', draw: (frame) => ruler(frame, codes(row, w), w), side: name ? [made('h3', {}, capital(name) + ' window')] : [made('p', {}, locus(0) === null ? 'place in the window' : `${examples.chrom[row]} (above), place in the window`)] });
    list.push({ key: 'marks' + w, kind: 'thin', draw: (frame) => marks(frame, row, w), side: [] });
  });
  list.push({ key: 'label', kind: 'thin', draw: (frame) => label(frame, row), side: about.kind === 'profile' ? [made('h3', {}, 'Measured signal'), made('p', {}, 'the label')] : [] });
  for (const method of chosen()) {
    windows.forEach((_, w) => list.push({ key: `own/${method.word}/${w}`, method: method.word, kind: method.passed === false ? 'failed' : '', draw: attribution(method, w), side: beside(method, w) }));
  }
  if (state.map) windows.forEach((_, w) => list.push({ key: 'map' + w, kind: '', draw: substitutions(w), side: besideMap(w) }));
  return list;
}

function capital(text) { return text.slice(0, 1).toUpperCase() + text.slice(1); }

/* What is known of a place, for the line above the tracks: [[what, value]]. */
function said(place) {
  const row = state.example, at = locus(place), list = [['place', String(place + 1)]];
  if (at !== null) list.push([examples.chrom[row], at.toLocaleString('en')]);
  windows.forEach((name, w) => {
    const base = LETTERS[codes(row, w)[place]];
    list.push([name || 'base', base]);
    for (const method of chosen()) {
      const values = contributions(method.word, state.head, row, w);
      list.push([windows.length > 1 ? `${method.name} (${name})` : method.name, values ? signed(values[place]) : '–']);
    }
    const values = state.map && base !== 'N' ? changes(state.head, row, w) : null;
    if (values) list.push(['put there', [...'ACGT'].map((b, i) => (b === base ? null : `${b} ${signed(values[4 * place + i])}`)).filter(Boolean).join(', ')]);
    for (const hit of hitsOf(row)) if (hit[0] <= place + w * places && place + w * places < hit[1]) list.push(['motif', `${known(hit[3])} (${hit[2]})`]);
  });
  for (const v of variantsOf(row)) if (v[1] <= place && place < Math.max(v[2], v[1] + 1)) list.push(['variant', `${alleles(v)} ${signed(v[6])}`]);
  const own = truth(row);
  if (own && own.sites && own.sites[place] > 0 && own.sites[place] < 255) list.push(['label', (examples.filters[own.sites[place] - 1] || '').replace(/^with /, '')]);
  if (place === explained()) list.push(['', 'the place that is explained']);
  return list;
}

function tabled(title, heads, rows, caption) {
  if (!rows.length) return [];
  const body = rows.map(([from, to, ...cells]) => {
    const go = made('button', { type: 'button', class: 'plain', 'data-from': from, 'data-to': to, 'aria-label': `Show places ${from + 1} to ${to}` }, to - from > 1 ? `${from + 1}–${to}` : String(to));
    return made('tr', {}, made('td', {}, go), ...cells.map((cell) => made('td', typeof cell === 'number' ? { class: 'number' } : {}, typeof cell === 'number' ? signed(cell) : cell === null ? '' : String(cell))));
  });
  const head = made('thead', {}, made('tr', {}, ...['places', ...heads].map((h) => made('th', { scope: 'col' }, h))));
  return [made('h3', {}, title), made('div', { class: 'scroll' }, made('table', {}, made('caption', {}, caption), head, made('tbody', {}, ...body)))];
}

function tables() {
  const row = state.example, hits = hitsOf(row), own = variantsOf(row), side = (w) => windows[w] ? `, ${windows[w]}` : '';
  const found = hits.map(([start, end, strand, motif, score, worth, counts]) => {
    const w = Math.min(Math.floor(start / places), windows.length - 1);
    return [start - w * places, end - w * places, motif + side(w), strand, figure(score), worth, counts ? 'yes' : 'no', matched(motif)];
  });
  const sites = own.map(([set, start, end, position, ref, alt, score, name]) => [start, Math.max(end, start + 1), set, position.toLocaleString('en'), `${ref}>${alt}${turned() ? ` (here ${alleles([0, 0, 0, 0, ref, alt])})` : ''}`, score, name]);
  return [...tabled('Motif hits', ['motif', 'strand', 'score', 'contribution', 'as its motif', 'what is known of it'], found, 'Words like the motifs that were found. Those that contribute less than their motif does are drawn dashed.'),
    ...tabled('Variants in the window', ['set', 'position', 'change', 'effect', 'label'], sites, `Predicted effect on ${state.head}, alternative less reference allele (${about.kind === 'positions' ? 'probability of a site that is gained or lost' : about.unit || 'score'}): orange raises it, blue lowers it.`)];
}
