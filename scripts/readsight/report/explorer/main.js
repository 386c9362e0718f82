/* The page as a whole: what the reader does changes the state, and what is shown follows it. */
const element = (id) => document.getElementById(id);
let shown = [], cursor = null, spot = null, drawnAt = 0;

function room() { return Math.max(element('tracks').querySelector('.plot')?.clientWidth || element('tracks').clientWidth, 160); }

/* Draw the part that is seen anew: after every move. */
function draw() {
  const wide = room(), frame = framed(wide, state.from, state.to);
  drawnAt = wide;
  for (const track of shown) {
    const drawn = track.draw(frame, track.height);
    track.node.hidden = drawn === null;
    track.plot.innerHTML = drawn || '';
  }
  const first = chosen()[0];
  element('overview').innerHTML = overview(wide, state.example, first);
  element('overview').style.width = `${wide}px`;
  element('closer').disabled = state.to - state.from <= Math.min(10, places);
  element('wider').disabled = element('whole').disabled = state.to - state.from >= places;
  const at = explained();
  spot.hidden = at === null || at < state.from || at >= state.to;
  if (!spot.hidden) spot.style.left = `${LEFT + (at - state.from + 0.5) * frame.px}px`;
  pinned();
}

/* Put up the tracks anew: after another example, head or choice of methods. */
function build() {
  shown = tracksOf();
  for (const track of shown) {
    track.plot = made('div', { class: 'plot', 'data-key': track.key });
    track.node = made('div', { class: `track ${track.kind}`, 'data-method': track.method }, track.plot, made('div', { class: 'side' }, ...track.side.filter(Boolean)));
  }
  cursor = made('div', { class: 'cursor', hidden: '' });
  spot = made('div', { class: 'cursor at', hidden: '', title: 'the place that is explained' });
  element('tracks').replaceChildren(...shown.map((track) => track.node), spot, cursor);
  for (const track of shown) {  // as high as what stands beside it
    const aside = track.node.lastChild, below = aside.offsetTop > track.plot.offsetTop || aside.offsetLeft <= track.plot.offsetLeft;
    track.height = below ? LOW : Math.min(Math.max(aside.offsetHeight, LOW), HIGH);
  }
  if (!chosen().length) element('tracks').prepend(made('p', { class: 'none' }, 'No method is chosen.'));
  element('tables').replaceChildren(...tables());
  heading();
}

function heading() {
  const i = state.example, right = examples.right[state.head][i], called = examples.called[state.head][i], chance = examples.chance[state.head], at = explained();
  const [kind, icon] = mark(i), list = [];
  element('name').textContent = examples.example[i];
  if (examples.label[i]) list.push([{ profile: 'Measured in all', positions: 'Sites in the window' }[about.kind] || 'Label', examples.label[i]]);
  if (called !== null) list.push(['Called', called, made('span', { class: `state ${kind}` }, `${icon} ${right ? about.words[0] : about.words[1]}`)]);
  if (chance) list.push([`Probability of ${state.head}`, figureOf(chance[i]), made('span', { class: 'none', title: 'As the explained number gives it, before calibration' }, 'not calibrated')]);
  list.push([about.heads.length > 1 || about.kind === 'binary' ? `Explained: ${about.unit || 'score'} of ${state.head}` : `Explained: ${about.unit || 'score'}`, figure(examples.score[state.head][i])]);
  if (at !== null) list.push(['Explained place', (at + 1).toLocaleString('en') + (locus(at) === null ? '' : ` (${examples.chrom[i]}:${locus(at).toLocaleString('en')})`), right === null ? null : made('span', { class: `state ${kind}` }, `${icon} ${right ? about.words[0] : about.words[1]}`)]);
  if (whereabouts(i)) list.push(['Window', whereabouts(i)]);
  if (examples.group[i] && examples.group[i] !== examples.example[i]) list.push(['Group', examples.group[i]]);
  element('facts').replaceChildren(...list.map(([name, value, more]) => made('div', {}, made('dt', {}, name), made('dd', {}, made('b', {}, value), more ? ' ' : null, more))));
}

function controls() {
  element('head-field').hidden = about.heads.length < 2;
  choices(element('head'), about.heads.map((h) => [h, h]), state.head);
  element('methods').replaceChildren(...about.methods.map((m) => {
    const icon = m.passed === null ? null : made('span', { class: m.passed ? 'good' : 'bad', title: m.passed ? 'all exams passed' : `FAILED ${failures(m)}` }, m.passed ? '✓' : '✗ FAILED');
    const box = made('input', { type: 'checkbox', value: m.word });
    box.checked = state.methods.includes(m.word);
    return made('label', { class: 'chip' }, box, m.name, icon);
  }));
  element('scale').value = state.scale;
  element('map-field').hidden = !about.heads.some((h) => about.arrays['change/' + h]);
  element('map').checked = state.map;
  element('class-field').hidden = !examples.filters.length;
  choices(element('class'), [['', 'all'], ...examples.filters.map((f) => [f, f])], state.class);
  const judged = about.heads.some((h) => examples.right[h].some((v) => v !== null));
  element('called-field').hidden = !judged;
  element('called-words').textContent = about.kind === 'positions' ? 'Explained place' : 'Called';
  choices(element('called'), [['', 'all'], ['right', about.words[0]], ['wrong', about.words[1]]], state.called);
  const orders = Object.entries(ORDERS).filter(([key]) => key !== 'wrong' || examples.wrong[state.head].some((v) => v !== null));
  choices(element('sort'), orders.map(([key, [text]]) => [key, text]), state.sort);
  if (element('seek').value !== state.seek) element('seek').value = state.seek;
}

function all() {
  if (!state.named) state.example = kept()[0] ?? 0;  // no example was asked for: the first of the list
  state.named = true;
  controls(); build();
  if (!state.chosen) usual(room());
  filled(); draw(); tell(false);
}

/* Look at another example; step: whether the browser's way back leads from it. */
function go(row, step) {
  if (row === null || row === state.example) return;
  state.example = row; state.place = null; state.chosen = false;
  build(); usual(room()); draw(); pointed(); tell(step);
}

function move(from, to) { see(from, to); state.chosen = true; draw(); tell(false); }

function zoom(factor, middle) {
  const wide = state.to - state.from, at = middle === undefined ? (state.from + state.to) / 2 : middle;
  const next = Math.min(Math.max(wide * factor, Math.min(10, places)), places), part = (at - state.from) / wide;
  const from = Math.min(Math.max(at - part * next, 0), places - next);
  if (Math.round(next) !== wide) move(from, from + next);
}

function pan(by) {
  const wide = state.to - state.from, from = Math.min(Math.max(Math.round(state.from + by), 0), places - wide);
  if (from !== state.from) move(from, from + wide);
}

function pinned() { show(state.place, true); }

/* Show what is known of a place, and where it stands. */
function show(place, set) {
  const frame = framed(room(), state.from, state.to), seen = place !== null && place >= state.from && place < state.to;
  cursor.hidden = !seen;
  cursor.classList.toggle('set', set);
  if (seen) { cursor.style.left = `${LEFT + (place - state.from) * frame.px}px`; cursor.style.width = `${Math.max(frame.px, 1)}px`; }
  const parts = place === null ? [made('span', {}, 'Point at a place to read its numbers.')] : said(place).map(([name, value]) => made('span', {}, name ? `${name} ` : '', made('b', {}, value)));
  element('readout').replaceChildren(...parts);
}

function pin(place, spoken) {
  state.place = place === null ? null : Math.min(Math.max(place, 0), places - 1);
  element('readout').setAttribute('aria-live', spoken ? 'polite' : 'off');
  if (place !== null && (state.place < state.from || state.place >= state.to)) { const half = (state.to - state.from) / 2; see(state.place - half, state.place + half); state.chosen = true; draw(); } else pinned();
  tell(false);
}

function placeAt(event) {
  const box = element('tracks').getBoundingClientRect(), frame = framed(room(), state.from, state.to), at = state.from + (event.clientX - box.left - 1 - LEFT) / frame.px;
  return at >= state.from && at < state.to ? Math.floor(at) : null;
}

function pointing() {
  const tracks = element('tracks');
  let from = null;
  tracks.addEventListener('pointerdown', (event) => {
    if (event.button || !event.target.closest('.plot')) return;
    from = { x: event.clientX, start: state.from, moved: false, id: event.pointerId };
  });
  tracks.addEventListener('pointermove', (event) => {
    if (from && Math.abs(event.clientX - from.x) > 3 && !from.moved) { from.moved = true; tracks.setPointerCapture(from.id); }
    if (from && from.moved) return pan(from.start + (from.x - event.clientX) / framed(room(), state.from, state.to).px - state.from);
    const at = event.target.closest('.plot') ? placeAt(event) : null;
    return at === null ? pinned() : show(at, false);
  });
  tracks.addEventListener('pointerup', (event) => { if (from && !from.moved) pin(placeAt(event), false); from = null; });
  tracks.addEventListener('pointercancel', () => { from = null; });
  tracks.addEventListener('pointerleave', () => { if (!from) pinned(); });
  tracks.addEventListener('dblclick', (event) => { if (event.target.closest('.plot')) zoom(0.5, placeAt(event) ?? undefined); });
  tracks.addEventListener('wheel', (event) => {
    if (event.ctrlKey || event.metaKey) { event.preventDefault(); zoom(event.deltaY > 0 ? 1.25 : 0.8, placeAt(event) ?? undefined); }
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) { event.preventDefault(); pan((event.deltaX || event.deltaY) / framed(room(), state.from, state.to).px); }
  }, { passive: false });
}

function brushing() {
  const strip = element('overview');
  let from = null;
  const at = (event) => Math.min(Math.max((event.clientX - strip.getBoundingClientRect().left - LEFT) / framed(room(), 0, places).px, 0), places);
  strip.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    const place = at(event), wide = state.to - state.from, inside = wide < places && place >= state.from && place < state.to;
    from = { place, start: state.from, wide, inside }; strip.setPointerCapture(event.pointerId);
  });
  strip.addEventListener('pointermove', (event) => {
    if (!from) return;
    if (from.inside) pan(from.start + at(event) - from.place - state.from);
    else if (Math.abs(at(event) - from.place) * framed(room(), 0, places).px > 4) move(Math.min(from.place, at(event)), Math.max(from.place, at(event)));
  });
  strip.addEventListener('pointerup', (event) => {
    if (from && Math.abs(at(event) - from.place) * framed(room(), 0, places).px <= 4 && !from.inside && from.wide < places) move(at(event) - from.wide / 2, at(event) + from.wide / 2);
    from = null;
  });
}

function keys() {
  element('tracks').addEventListener('keydown', (event) => {
    const wide = state.to - state.from, act = {
      ArrowLeft: () => pan(-Math.max(wide / 8, 1)), ArrowRight: () => pan(Math.max(wide / 8, 1)), '+': () => zoom(0.7), '=': () => zoom(0.7), '-': () => zoom(1 / 0.7), '−': () => zoom(1 / 0.7),
      0: () => move(0, places), Home: () => pan(-places), End: () => pan(places), Escape: () => pin(null, false),
      '[': () => pin(state.place === null ? Math.floor((state.from + state.to) / 2) : state.place - 1, true), ']': () => pin(state.place === null ? Math.floor((state.from + state.to) / 2) : state.place + 1, true),
      PageUp: () => go(stepped(-1), false), PageDown: () => go(stepped(1), false),
    }[event.key];
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); act(); }
  });
  element('list').addEventListener('keydown', (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -total, End: total }[event.key];
    if (by && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); go(stepped(by), false); }
  });
}

function wired() {
  const changed = (id, name, kind, act) => element(id).addEventListener(kind, (event) => { state[name] = event.target.type === 'checkbox' ? event.target.checked : event.target.value; act(); tell(false); });
  for (const name of ['class', 'called', 'sort']) changed(name, name, 'change', filled);
  changed('seek', 'seek', 'input', filled);
  changed('head', 'head', 'change', () => { state.chosen = false; all(); });
  changed('scale', 'scale', 'change', draw);
  changed('map', 'map', 'change', () => { build(); draw(); });
  element('methods').addEventListener('change', () => {
    state.methods = [...element('methods').querySelectorAll('input:checked')].map((box) => box.value);
    build(); draw(); tell(false);
  });
  element('list').addEventListener('click', (event) => { const item = event.target.closest('[data-row]'); if (item) go(+item.dataset.row, true); });
  element('tables').addEventListener('click', (event) => {
    const own = event.target.closest('tr')?.querySelector('[data-from]');
    if (own) { const from = +own.dataset.from, to = +own.dataset.to, air = Math.max(2 * (to - from), 25); move(from - air, to + air); element('tracks').scrollIntoView({ block: 'nearest' }); }
  });
  element('before').addEventListener('click', () => go(stepped(-1), true));
  element('after').addEventListener('click', () => go(stepped(1), true));
  element('closer').addEventListener('click', () => zoom(0.6));
  element('wider').addEventListener('click', () => zoom(1 / 0.6));
  element('whole').addEventListener('click', () => move(0, places));
  window.addEventListener('hashchange', followed);
  window.addEventListener('popstate', followed);
  new ResizeObserver(() => { if (room() === drawnAt) return; if (!state.chosen) usual(room()); draw(); }).observe(element('tracks'));
  element('tracks').addEventListener('unfolded', (event) => { build(); draw(); element('tracks').querySelector(`[data-method=${event.detail}] summary`)?.focus(); });
  pointing(); brushing(); keys();
}

function followed() {
  if (location.hash === told) return;
  told = location.hash;
  const wrong = read(location.hash);
  trouble(wrong.length ? `The address names what is not here: ${wrong.join(', ')}.` : '');
  all();
}

function trouble(text) { element('trouble').textContent = text; element('trouble').hidden = !text; }

decoded().then(() => {
  element('desk').hidden = false;
  const wrong = read(location.hash);
  wired(); all();
  if (wrong.length) trouble(`The address names what is not here: ${wrong.join(', ')}.`);
  window.explorer = { about, state, codes, contributions, changes, inflated };
  document.body.dataset.ready = 'yes';
}).catch((error) => { trouble(`The sequences could not be shown: ${error.message}`); throw error; });
