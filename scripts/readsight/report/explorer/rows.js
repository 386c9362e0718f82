/* The tracks of an example from top to bottom: ruler, annotations, label, and each method with its exams at the side. */
const MIN_HEIGHT = 112, MAX_HEIGHT = 200, CELL_SIZE = 18;
const openSections = { exams: Math.max(0, ...about.methods.map((m) => m.exams.length)) <= 8 };  // whether passed exams are listed
const selectedMethods = () => about.methods.filter((m) => state.methods.includes(m.key));

function createNode(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) if (value !== null && value !== undefined) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function formatState(method) {
  if (method.passed === null) return createNode('span', { class: 'state none' }, '– no exam taken');
  return method.passed ? createNode('span', { class: 'state good' }, '✓ all exams passed') : createNode('span', { class: 'state bad' }, '✗ FAILED');
}

function listFailures(method) { return method.exams.filter((row) => !row.passed).map((row) => row.exam).join(', '); }

/* One line per exam. An exam without value or limit neither passes nor fails. */
function formatExam(row) {
  const kind = !row.passed ? 'bad' : row.value === null || row.limit === null ? 'none' : 'good', icon = { bad: '✗', none: '–', good: '✓' }[kind];
  const interval = row.low === null || row.high === null ? '' : ` [${formatNumber(row.low)}, ${formatNumber(row.high)}]`, requirement = row.limit === null ? '' : `, must be ${row.side || ''} ${formatNumber(row.limit)}`;
  const title = `${row.exam}: ${formatNumber(row.value)}${interval}${requirement}${row.n === null ? '' : `, ${row.n} sequences`}${row.reason ? `. ${row.reason}` : ''}`;
  return createNode('li', { class: kind, title }, createNode('span', {}, `${icon} ${row.exam}`), createNode('span', {}, row.value === null ? '' : formatNumber(row.value)));
}

/* Side panel of a method's track: name and exam results; failed exams are always visible. */
function describeMethod(method, window) {
  const name = windows.length > 1 ? `${method.name}, ${windows[window]}` : method.name;
  if (window) return [createNode('h3', {}, name)];
  const note = method.locates ? createNode('p', {}, 'where the model looks, not the effect of single bases') : null, failed = method.exams.filter((row) => !row.passed), passed = method.exams.filter((row) => row.passed);
  const judgedCount = passed.filter((row) => row.value !== null && row.limit !== null).length, unjudgedCount = passed.length - judgedCount;
  const details = createNode('details', { open: openSections.exams ? '' : null }, createNode('summary', {}, `${judgedCount} passed` + (unjudgedCount ? `, ${unjudgedCount} not judged` : '')), createNode('ul', {}, ...passed.map(formatExam)));
  details.addEventListener('toggle', () => { if (details.open !== openSections.exams) { openSections.exams = details.open; element('tracks').dispatchEvent(new CustomEvent('unfolded', { detail: method.key })); } });
  return [createNode('h3', {}, name), formatState(method), note, failed.length ? createNode('ul', {}, ...failed.map(formatExam)) : null, passed.length ? details : null];
}

/* Range of a track's values, by the selected scaling. */
function chooseRange(method, window) {
  const valuesOf = (m) => windows.map((_, w) => getContributions(m.key, state.head, state.example, w)).filter(Boolean);
  const mergeRanges = (all, from, to) => all.map((v) => valueRange(v, from, to)).reduce((a, b) => [Math.min(a[0], b[0]), Math.max(a[1], b[1])], [0, 1e-6]);
  if (state.scale === 'view') return mergeRanges(valuesOf(method), state.from, state.to);
  if (state.scale === 'all' && !method.locates) return mergeRanges(selectedMethods().filter((m) => !m.locates).flatMap(valuesOf), 0, windowLength);
  return mergeRanges(valuesOf(method), 0, windowLength);
}

function drawAttribution(method, window) {
  return (fullFrame, height) => {
    const frame = { ...fullFrame, top: method.passed === false ? 20 : fullFrame.top };
    const values = getContributions(method.key, state.head, state.example, window), unit = about.unit || 'output';
    if (!values) return svg(height, `${method.name}: no finite values`, drawText(LEFT + 8, height / 2, 'Nothing to draw: the attributions are not finite.', 'bad'));
    const range = chooseRange(method, window), code = getCodes(state.example, window), description = `${method.name}, positions ${frame.from + 1} to ${frame.to}, from ${formatNumber(range[0])} to ${formatNumber(range[1])} ${unit}`;
    const body = method.locates ? drawBars(frame, values, range, height, SOFT, 1) : drawLogo(frame, code, values, range, height);
    const failed = method.passed === false ? drawText(LEFT + frame.width - 4, 13, `${method.name}: FAILED ${listFailures(method)}`, 'bad', 'end') : '';
    return svg(height, method.passed === false ? `${description}. FAILED ${listFailures(method)}` : description, drawAxis(frame, range, height), body, failed);
  };
}

function drawSubstitutions(window) {
  return (frame) => {
    const values = getChanges(state.head, state.example, window);
    if (!values) return svg(30, 'No map of substitutions', drawText(LEFT + 8, 19, 'Substitutions of this sequence are not available.'));
    const largest = values.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
    return svg(4 * CELL_SIZE + 8, `Change of the output by each substitution, at most ${formatNumber(largest)}`, drawHeatMap(frame, getCodes(state.example, window), values, largest, CELL_SIZE));
  };
}

function describeMap(window) {
  const values = getChanges(state.head, state.example, window), largest = values ? values.reduce((a, v) => Math.max(a, Math.abs(v)), 0) : 0;
  const name = windows.length > 1 ? `Every substitution, ${windows[window]}` : 'Every substitution', mutagenesis = about.methods.find((m) => m.key === 'mutagenesis');
  const failed = mutagenesis && mutagenesis.passed === false ? createNode('span', { class: 'state bad' }, `✗ FAILED ${listFailures(mutagenesis)}`) : null;
  return [createNode('h3', {}, name), failed, createNode('p', {}, `−${formatNumber(largest)} `, createNode('span', { class: 'legend', role: 'img', 'aria-label': 'blue lowers, orange raises' }), ` +${formatNumber(largest)}`), createNode('p', {}, `change of the ${about.unit || 'output'}; ● reference base`)];
}

/* Tracks of the current example: [{ key, kind, draw(frame) → SVG or null, side: nodes }]. */
function listTracks() {
  const row = state.example, list = [];
  windows.forEach((name, w) => {
    list.push({ key: 'ruler' + w, kind: w ? '' : 'first', draw: (frame) => drawRuler(frame, getCodes(row, w), w), side: name ? [createNode('h3', {}, capitalise(name) + ' window')] : [createNode('p', {}, genomePosition(0) === null ? 'position in the window' : `${examples.chrom[row]} (above), position in the window`)] });
    list.push({ key: 'marks' + w, kind: 'thin', draw: (frame) => drawMarks(frame, row, w), side: [] });
  });
  list.push({ key: 'label', kind: 'thin', draw: (frame) => drawLabel(frame, row), side: about.kind === 'profile' ? [createNode('h3', {}, 'Measured signal'), createNode('p', {}, 'the label')] : [] });
  for (const method of selectedMethods()) {
    windows.forEach((_, w) => list.push({ key: `contribution/${method.key}/${w}`, method: method.key, kind: method.passed === false ? 'failed' : '', draw: drawAttribution(method, w), side: describeMethod(method, w) }));
  }
  if (state.map) windows.forEach((_, w) => list.push({ key: 'map' + w, kind: '', draw: drawSubstitutions(w), side: describeMap(w) }));
  return list;
}

function capitalise(text) { return text.slice(0, 1).toUpperCase() + text.slice(1); }

/* Values at a position, for the line above the tracks: [[name, value]]. */
function describePosition(position) {
  const row = state.example, genomic = genomePosition(position), list = [['position', String(position + 1)]];
  if (genomic !== null) list.push([examples.chrom[row], genomic.toLocaleString('en')]);
  windows.forEach((name, w) => {
    const base = LETTERS[getCodes(row, w)[position]];
    list.push([name || 'base', base]);
    for (const method of selectedMethods()) {
      const values = getContributions(method.key, state.head, row, w);
      list.push([windows.length > 1 ? `${method.name} (${name})` : method.name, values ? formatSigned(values[position]) : '–']);
    }
    const values = state.map && base !== 'N' ? getChanges(state.head, row, w) : null;
    if (values) list.push(['substituted', [...'ACGT'].map((b, i) => (b === base ? null : `${b} ${formatSigned(values[4 * position + i])}`)).filter(Boolean).join(', ')]);
    for (const hit of getHits(row)) if (hit[0] <= position + w * windowLength && position + w * windowLength < hit[1]) list.push(['motif', `${motifLabel(hit[3])} (${hit[2]})`]);
  });
  for (const v of getVariants(row)) if (v[1] <= position && position < Math.max(v[2], v[1] + 1)) list.push(['variant', `${formatAlleles(v)} ${formatSigned(v[6])}`]);
  const target = getLabel(row);
  if (target && target.sites && target.sites[position] > 0 && target.sites[position] < 255) list.push(['label', (examples.filters[target.sites[position] - 1] || '').replace(/^with /, '')]);
  if (position === explainedPosition()) list.push(['', 'explained position']);
  return list;
}

function buildTable(title, columns, rows, caption) {
  if (!rows.length) return [];
  const body = rows.map(([from, to, ...cells]) => {
    const button = createNode('button', { type: 'button', class: 'plain', 'data-from': from, 'data-to': to, 'aria-label': `Show positions ${from + 1} to ${to}` }, to - from > 1 ? `${from + 1}–${to}` : String(to));
    return createNode('tr', {}, createNode('td', {}, button), ...cells.map((cell) => createNode('td', typeof cell === 'number' ? { class: 'number' } : {}, typeof cell === 'number' ? formatSigned(cell) : cell === null ? '' : String(cell))));
  });
  const head = createNode('thead', {}, createNode('tr', {}, ...['positions', ...columns].map((h) => createNode('th', { scope: 'col' }, h))));
  return [createNode('h3', {}, title), createNode('div', { class: 'scroll' }, createNode('table', {}, createNode('caption', {}, caption), head, createNode('tbody', {}, ...body)))];
}

function buildTables() {
  const row = state.example, hits = getHits(row), variants = getVariants(row), windowSuffix = (w) => windows[w] ? `, ${windows[w]}` : '';
  const hitRows = hits.map(([start, end, strand, motif, score, contribution, isTypical]) => {
    const w = Math.min(Math.floor(start / windowLength), windows.length - 1);
    return [start - w * windowLength, end - w * windowLength, motif + windowSuffix(w), strand, formatNumber(score), contribution, isTypical ? 'yes' : 'no', describeMotif(motif)];
  });
  const variantRows = variants.map(([set, start, end, position, ref, alt, score, name]) => [start, Math.max(end, start + 1), set, position.toLocaleString('en'), `${ref}>${alt}${isReverse() ? ` (in the window ${formatAlleles([0, 0, 0, 0, ref, alt])})` : ''}`, score, name]);
  return [...buildTable('Motif hits', ['motif', 'strand', 'score', 'contribution', 'typical', 'description'], hitRows, 'Matches of the discovered motifs. Hits that contribute less than the seqlets of their motif are drawn dashed.'),
    ...buildTable('Variants in the window', ['set', 'genomic position', 'change', 'effect', 'label'], variantRows, `Predicted effect on ${state.head}, alternative less reference allele (${about.kind === 'positions' ? 'probability of a gained or lost site' : about.unit || 'score'}): orange raises it, blue lowers it.`)];
}
