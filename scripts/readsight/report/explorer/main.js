/* Controls of the page: user actions change the state, and the view is redrawn from it. */
const element = (id) => document.getElementById(id);
let shownTracks = [], cursor = null, explainedCursor = null, drawnWidth = 0;

function plotWidth() { return Math.max(element('tracks').querySelector('.plot')?.clientWidth || element('tracks').clientWidth, 160); }

/* Redraw the visible range: after every move. */
function drawView() {
  const width = plotWidth(), frame = makeFrame(width, state.from, state.to);
  drawnWidth = width;
  for (const track of shownTracks) {
    const markup = track.draw(frame, track.height);
    track.node.hidden = markup === null;
    track.plot.innerHTML = markup || '';
  }
  const first = selectedMethods()[0];
  element('overview').innerHTML = drawOverview(width, state.example, first);
  element('overview').style.width = `${width}px`;
  element('closer').disabled = state.to - state.from <= Math.min(10, windowLength);
  element('wider').disabled = element('whole').disabled = state.to - state.from >= windowLength;
  const position = explainedPosition();
  explainedCursor.hidden = position === null || position < state.from || position >= state.to;
  if (!explainedCursor.hidden) explainedCursor.style.left = `${LEFT + (position - state.from + 0.5) * frame.px}px`;
  showPinned();
}

/* Rebuild the tracks: after a change of example, head or methods. */
function buildTracks() {
  shownTracks = listTracks();
  for (const track of shownTracks) {
    track.plot = createNode('div', { class: 'plot', 'data-key': track.key });
    track.node = createNode('div', { class: `track ${track.kind}`, 'data-method': track.method }, track.plot, createNode('div', { class: 'side' }, ...track.side.filter(Boolean)));
  }
  cursor = createNode('div', { class: 'cursor', hidden: '' });
  explainedCursor = createNode('div', { class: 'cursor at', hidden: '', title: 'explained position' });
  element('tracks').replaceChildren(...shownTracks.map((track) => track.node), explainedCursor, cursor);
  for (const track of shownTracks) {  // as high as the side panel
    const side = track.node.lastChild, isBelow = side.offsetTop > track.plot.offsetTop || side.offsetLeft <= track.plot.offsetLeft;
    track.height = isBelow ? MIN_HEIGHT : Math.min(Math.max(side.offsetHeight, MIN_HEIGHT), MAX_HEIGHT);
  }
  if (!selectedMethods().length) element('tracks').prepend(createNode('p', { class: 'none' }, 'No method is selected.'));
  element('tables').replaceChildren(...buildTables());
  fillHeading();
}

function fillHeading() {
  const i = state.example, isRight = examples.right[state.head][i], prediction = examples.called[state.head][i], probabilities = examples.chance[state.head], position = explainedPosition();
  const [kind, icon] = judgeExample(i), list = [];
  element('name').textContent = examples.example[i];
  if (examples.label[i]) list.push([{ profile: 'Total measured signal', positions: 'Sites in the window' }[about.kind] || 'Label', examples.label[i]]);
  if (prediction !== null) list.push(['Predicted', prediction, createNode('span', { class: `state ${kind}` }, `${icon} ${isRight ? about.outcomes[0] : about.outcomes[1]}`)]);
  if (probabilities) list.push([`Probability of ${state.head}`, formatProbability(probabilities[i]), createNode('span', { class: 'none', title: 'Computed from the explained output, before calibration' }, 'not calibrated')]);
  list.push([about.heads.length > 1 || about.kind === 'binary' ? `Explained: ${about.unit || 'score'} of ${state.head}` : `Explained: ${about.unit || 'score'}`, formatNumber(examples.score[state.head][i])]);
  if (position !== null) list.push(['Explained position', (position + 1).toLocaleString('en') + (genomePosition(position) === null ? '' : ` (${examples.chrom[i]}:${genomePosition(position).toLocaleString('en')})`), isRight === null ? null : createNode('span', { class: `state ${kind}` }, `${icon} ${isRight ? about.outcomes[0] : about.outcomes[1]}`)]);
  if (formatLocation(i)) list.push(['Window', formatLocation(i)]);
  if (examples.group[i] && examples.group[i] !== examples.example[i]) list.push(['Group', examples.group[i]]);
  element('facts').replaceChildren(...list.map(([name, value, note]) => createNode('div', {}, createNode('dt', {}, name), createNode('dd', {}, createNode('b', {}, value), note ? ' ' : null, note))));
}

function fillControls() {
  element('head-field').hidden = about.heads.length < 2;
  fillSelect(element('head'), about.heads.map((h) => [h, h]), state.head);
  element('methods').replaceChildren(...about.methods.map((m) => {
    const icon = m.passed === null ? null : createNode('span', { class: m.passed ? 'good' : 'bad', title: m.passed ? 'all exams passed' : `FAILED ${listFailures(m)}` }, m.passed ? '✓' : '✗ FAILED');
    const box = createNode('input', { type: 'checkbox', value: m.key });
    box.checked = state.methods.includes(m.key);
    return createNode('label', { class: 'chip' }, box, m.name, icon);
  }));
  element('scale').value = state.scale;
  element('map-field').hidden = !about.heads.some((h) => about.arrays['change/' + h]);
  element('map').checked = state.map;
  element('class-field').hidden = !examples.filters.length;
  fillSelect(element('class'), [['', 'all'], ...examples.filters.map((f) => [f, f])], state.class);
  const isJudged = about.heads.some((h) => examples.right[h].some((v) => v !== null));
  element('called-field').hidden = !isJudged;
  element('called-words').textContent = about.kind === 'positions' ? 'Explained position' : 'Predicted';
  fillSelect(element('called'), [['', 'all'], ['right', about.outcomes[0]], ['wrong', about.outcomes[1]]], state.called);
  const orders = Object.entries(ORDERS).filter(([key]) => key !== 'wrong' || examples.wrong[state.head].some((v) => v !== null));
  fillSelect(element('sort'), orders.map(([key, [text]]) => [key, text]), state.sort);
  if (element('seek').value !== state.seek) element('seek').value = state.seek;
}

function renderPage() {
  if (!state.hasExample) state.example = filterExamples()[0] ?? 0;  // no example in the address: the first of the list
  state.hasExample = true;
  fillControls(); buildTracks();
  if (!state.hasView) resetView(plotWidth());
  fillList(); drawView(); updateAddress(false);
}

/* Show another example. addHistory: whether Back returns to the previous one. */
function showExample(row, addHistory) {
  if (row === null || row === state.example) return;
  state.example = row; state.position = null; state.hasView = false;
  buildTracks(); resetView(plotWidth()); drawView(); selectItem(); updateAddress(addHistory);
}

function moveView(from, to) { setView(from, to); state.hasView = true; drawView(); updateAddress(false); }

function zoomView(factor, middle) {
  const width = state.to - state.from, centre = middle === undefined ? (state.from + state.to) / 2 : middle;
  const newWidth = Math.min(Math.max(width * factor, Math.min(10, windowLength)), windowLength), fraction = (centre - state.from) / width;
  const from = Math.min(Math.max(centre - fraction * newWidth, 0), windowLength - newWidth);
  if (Math.round(newWidth) !== width) moveView(from, from + newWidth);
}

function panView(offset) {
  const width = state.to - state.from, from = Math.min(Math.max(Math.round(state.from + offset), 0), windowLength - width);
  if (from !== state.from) moveView(from, from + width);
}

function showPinned() { showPosition(state.position, true); }

/* Show the values at a position, and its cursor. */
function showPosition(position, isPinned) {
  const frame = makeFrame(plotWidth(), state.from, state.to), isVisible = position !== null && position >= state.from && position < state.to;
  cursor.hidden = !isVisible;
  cursor.classList.toggle('set', isPinned);
  if (isVisible) { cursor.style.left = `${LEFT + (position - state.from) * frame.px}px`; cursor.style.width = `${Math.max(frame.px, 1)}px`; }
  const parts = position === null ? [createNode('span', {}, 'Point at a position to read its values.')] : describePosition(position).map(([name, value]) => createNode('span', {}, name ? `${name} ` : '', createNode('b', {}, value)));
  element('readout').replaceChildren(...parts);
}

function pinPosition(position, isAnnounced) {
  state.position = position === null ? null : Math.min(Math.max(position, 0), windowLength - 1);
  element('readout').setAttribute('aria-live', isAnnounced ? 'polite' : 'off');
  if (position !== null && (state.position < state.from || state.position >= state.to)) { const half = (state.to - state.from) / 2; setView(state.position - half, state.position + half); state.hasView = true; drawView(); } else showPinned();
  updateAddress(false);
}

function positionAt(event) {
  const box = element('tracks').getBoundingClientRect(), frame = makeFrame(plotWidth(), state.from, state.to), position = state.from + (event.clientX - box.left - 1 - LEFT) / frame.px;
  return position >= state.from && position < state.to ? Math.floor(position) : null;
}

function connectPointer() {
  const tracks = element('tracks');
  let drag = null;
  tracks.addEventListener('pointerdown', (event) => {
    if (event.button || !event.target.closest('.plot')) return;
    drag = { x: event.clientX, start: state.from, moved: false, id: event.pointerId };
  });
  tracks.addEventListener('pointermove', (event) => {
    if (drag && Math.abs(event.clientX - drag.x) > 3 && !drag.moved) { drag.moved = true; tracks.setPointerCapture(drag.id); }
    if (drag && drag.moved) return panView(drag.start + (drag.x - event.clientX) / makeFrame(plotWidth(), state.from, state.to).px - state.from);
    const position = event.target.closest('.plot') ? positionAt(event) : null;
    return position === null ? showPinned() : showPosition(position, false);
  });
  tracks.addEventListener('pointerup', (event) => { if (drag && !drag.moved) pinPosition(positionAt(event), false); drag = null; });
  tracks.addEventListener('pointercancel', () => { drag = null; });
  tracks.addEventListener('pointerleave', () => { if (!drag) showPinned(); });
  tracks.addEventListener('dblclick', (event) => { if (event.target.closest('.plot')) zoomView(0.5, positionAt(event) ?? undefined); });
  tracks.addEventListener('wheel', (event) => {
    if (event.ctrlKey || event.metaKey) { event.preventDefault(); zoomView(event.deltaY > 0 ? 1.25 : 0.8, positionAt(event) ?? undefined); }
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) { event.preventDefault(); panView((event.deltaX || event.deltaY) / makeFrame(plotWidth(), state.from, state.to).px); }
  }, { passive: false });
}

function connectOverview() {
  const strip = element('overview');
  let drag = null;
  const positionOf = (event) => Math.min(Math.max((event.clientX - strip.getBoundingClientRect().left - LEFT) / makeFrame(plotWidth(), 0, windowLength).px, 0), windowLength);
  strip.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    const position = positionOf(event), width = state.to - state.from, isInside = width < windowLength && position >= state.from && position < state.to;
    drag = { position, start: state.from, width, inside: isInside }; strip.setPointerCapture(event.pointerId);
  });
  strip.addEventListener('pointermove', (event) => {
    if (!drag) return;
    if (drag.inside) panView(drag.start + positionOf(event) - drag.position - state.from);
    else if (Math.abs(positionOf(event) - drag.position) * makeFrame(plotWidth(), 0, windowLength).px > 4) moveView(Math.min(drag.position, positionOf(event)), Math.max(drag.position, positionOf(event)));
  });
  strip.addEventListener('pointerup', (event) => {
    if (drag && Math.abs(positionOf(event) - drag.position) * makeFrame(plotWidth(), 0, windowLength).px <= 4 && !drag.inside && drag.width < windowLength) moveView(positionOf(event) - drag.width / 2, positionOf(event) + drag.width / 2);
    drag = null;
  });
}

function connectKeys() {
  element('tracks').addEventListener('keydown', (event) => {
    const width = state.to - state.from, action = {
      ArrowLeft: () => panView(-Math.max(width / 8, 1)), ArrowRight: () => panView(Math.max(width / 8, 1)), '+': () => zoomView(0.7), '=': () => zoomView(0.7), '-': () => zoomView(1 / 0.7), '−': () => zoomView(1 / 0.7),
      0: () => moveView(0, windowLength), Home: () => panView(-windowLength), End: () => panView(windowLength), Escape: () => pinPosition(null, false),
      '[': () => pinPosition(state.position === null ? Math.floor((state.from + state.to) / 2) : state.position - 1, true), ']': () => pinPosition(state.position === null ? Math.floor((state.from + state.to) / 2) : state.position + 1, true),
      PageUp: () => showExample(findNeighbour(-1), false), PageDown: () => showExample(findNeighbour(1), false),
    }[event.key];
    if (action && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); action(); }
  });
  element('list').addEventListener('keydown', (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -exampleCount, End: exampleCount }[event.key];
    if (steps && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); showExample(findNeighbour(steps), false); }
  });
}

function connectControls() {
  const connect = (id, name, kind, action) => element(id).addEventListener(kind, (event) => { state[name] = event.target.type === 'checkbox' ? event.target.checked : event.target.value; action(); updateAddress(false); });
  for (const name of ['class', 'called', 'sort']) connect(name, name, 'change', fillList);
  connect('seek', 'seek', 'input', fillList);
  connect('head', 'head', 'change', () => { state.hasView = false; renderPage(); });
  connect('scale', 'scale', 'change', drawView);
  connect('map', 'map', 'change', () => { buildTracks(); drawView(); });
  element('methods').addEventListener('change', () => {
    state.methods = [...element('methods').querySelectorAll('input:checked')].map((box) => box.value);
    buildTracks(); drawView(); updateAddress(false);
  });
  element('list').addEventListener('click', (event) => { const item = event.target.closest('[data-row]'); if (item) showExample(+item.dataset.row, true); });
  element('tables').addEventListener('click', (event) => {
    const button = event.target.closest('tr')?.querySelector('[data-from]');
    if (button) { const from = +button.dataset.from, to = +button.dataset.to, margin = Math.max(2 * (to - from), 25); moveView(from - margin, to + margin); element('tracks').scrollIntoView({ block: 'nearest' }); }
  });
  element('before').addEventListener('click', () => showExample(findNeighbour(-1), true));
  element('after').addEventListener('click', () => showExample(findNeighbour(1), true));
  element('closer').addEventListener('click', () => zoomView(0.6));
  element('wider').addEventListener('click', () => zoomView(1 / 0.6));
  element('whole').addEventListener('click', () => moveView(0, windowLength));
  window.addEventListener('hashchange', followAddress);
  window.addEventListener('popstate', followAddress);
  new ResizeObserver(() => { if (plotWidth() === drawnWidth) return; if (!state.hasView) resetView(plotWidth()); drawView(); }).observe(element('tracks'));
  element('tracks').addEventListener('unfolded', (event) => { buildTracks(); drawView(); element('tracks').querySelector(`[data-method=${event.detail}] summary`)?.focus(); });
  connectPointer(); connectOverview(); connectKeys();
}

function followAddress() {
  if (location.hash === lastHash) return;
  lastHash = location.hash;
  const unknown = readAddress(location.hash);
  showTrouble(unknown.length ? `Unknown values in the address: ${unknown.join(', ')}.` : '');
  renderPage();
}

function showTrouble(text) { element('trouble').textContent = text; element('trouble').hidden = !text; }

decodeBlock().then(() => {
  element('desk').hidden = false;
  const unknown = readAddress(location.hash);
  connectControls(); renderPage();
  if (unknown.length) showTrouble(`Unknown values in the address: ${unknown.join(', ')}.`);
  window.explorer = { about, state, codes: getCodes, contributions: getContributions, changes: getChanges, inflate };
  document.body.dataset.ready = 'yes';
}).catch((error) => { showTrouble(`The sequences could not be shown: ${error.message}`); throw error; });
