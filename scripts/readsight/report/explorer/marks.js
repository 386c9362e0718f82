/* What lies along the window: hits of motifs, variants, the label, and the window as a whole. */
const TINTS = ['#cfe5f2', '#f9e3b8', '#c9ebdf', '#f6d3c0', '#e4d5ec', '#dfe3c0', '#f4d0df', '#d5dbe1'], LANE = 19, LANES = 6;
const motifNames = [...new Set(Object.values(about.hits).flat().map((hit) => hit[3]))].sort();

/* Hits of an example, of motifs of the head that is looked at: [start, end, strand, motif, score, contribution, contributes]. */
function hitsOf(row) { return (about.hits[row] || []).filter((hit) => [undefined, state.head].includes((about.motifs[hit[3]] || {}).head)); }

/* Variants of an example: [set, start, end, position, ref, alt, effect on the head that is looked at, label]. */
function variantsOf(row) { return (about.variants[row] || []).map((v) => [...v.slice(0, 6), v[6][about.heads.indexOf(state.head)], v[7]]); }

function inWindow([start, end], window) { return end > window * places && start < (window + 1) * places; }

/* A lane for each of some intervals, so that none overlap in one. */
function lanes(intervals) {
  const ends = [];
  return intervals.map(([start, end]) => {
    let lane = ends.findIndex((e) => e <= start);
    if (lane < 0) lane = ends.push(0) - 1;
    ends[lane] = end;
    return lane;
  });
}

/* What is known of a motif, in a line. */
function matched(name) {
  const own = about.motifs[name] || {}, parts = [own.match ? `like ${own.match}${own.q ? ` (q ${own.q})` : ''}` : '', own.consensus, own.towards ? `towards ${own.towards}` : '', own.seqlets ? `${own.seqlets} seqlets` : ''];
  return parts.filter(Boolean).join(', ');
}

/* What a motif is called: the known one that it matches, where there is one. */
function known(name) { return (about.motifs[name] || {}).match || name; }

function hitShapes(frame, row, window) {
  const own = hitsOf(row).filter((hit) => inWindow(hit, window)).map((hit) => [hit[0] - window * places, hit[1] - window * places, ...hit.slice(2)]);
  const lane = lanes(own), parts = [], left = lane.filter((l) => l >= LANES).length;
  own.forEach(([start, end, strand, motif, score, worth, counts], i) => {
    if (lane[i] >= LANES) return;
    const x = (start - frame.from) * frame.px, wide = Math.max((end - start) * frame.px, 3), y = 3 + lane[i] * LANE, high = LANE - 4, tip = Math.min(6, wide / 3);
    const d = strand === '-' ? `M${x + tip} ${y}H${x + wide}V${y + high}H${x + tip}L${x} ${y + high / 2}Z` : `M${x} ${y}H${x + wide - tip}L${x + wide} ${y + high / 2}L${x + wide - tip} ${y + high}H${x}Z`;
    const title = `${motif} (${strand}), places ${start + 1}–${end}, score ${figure(score)}, contribution ${signed(worth)}${counts ? '' : ', less than its motif\'s'}. ${matched(motif)}`;
    const seen = Math.min(x + wide, frame.room) - Math.max(x, 0), name = known(motif), fits = Math.floor((seen - 12) / 6.3);
    const text = fits >= 3 ? words(Math.max(x, 0) + seen / 2, y + high - 4, short(name, fits), counts ? 'ink' : '', 'middle') : '';
    parts.push(`<g data-hit="${escaped(motif)}"><title>${escaped(title)}</title><path d="${d}" fill="${counts ? TINTS[motifNames.indexOf(motif) % TINTS.length] : '#fff'}" stroke="${SOFT}" stroke-width=".8"${counts ? '' : ' stroke-dasharray="3 2"'}/>${text}</g>`);
  });
  if (left) parts.push(words(frame.room - 4, 4 + LANE * LANES + 9, `and ${left} more: see the table below`, '', 'end'));
  return { count: own.length, height: own.length ? 4 + LANE * Math.min(Math.max(...lane) + 1, LANES) + (left ? 12 : 0) : 0, parts };
}

function turned() { return examples.strand[state.example] === '-'; }

/* A variant's alleles as the window reads: on the other strand complemented and turned. */
function alleles(variant, letters) {
  const other = { A: 'T', C: 'G', G: 'C', T: 'A' }, read = (allele) => (turned() && /^[ACGTN]+$/.test(allele) ? [...allele].reverse().map((b) => other[b] || b).join('') : allele);
  return [variant[4], variant[5]].map((allele) => short(read(allele), letters || 60)).join('>');
}

/* A triangle a variant, up where it raises the output; with its change and effect beside it where places are wide. */
function variantShapes(frame, row, base) {
  const most = Math.max(...variantsOf(row).map((v) => Math.abs(v[6] || 0)), 1e-9), told = frame.px >= 7, parts = [];
  const own = variantsOf(row).map(([set, start, end, position, ref, alt, score, label]) => {
    const x = ((start + end) / 2 - frame.from) * frame.px, size = 3 + 4 * Math.sqrt(Math.abs(score || 0) / most);
    return { x, size, position, score, text: `${alleles([0, 0, 0, 0, ref, alt], 6)} ${signed(score)}`, title: `${set}: ${position} ${ref}>${alt}, effect ${signed(score)}${label ? `, ${label}` : ''}` };
  });
  const lane = lanes(own.map((v) => [v.x - v.size, v.x + v.size + (told ? 8 + 6.6 * v.text.length : 2)]));
  own.forEach(({ x, size, position, score, text, title }, i) => {
    const y = base + LANE * lane[i] + LANE / 2, up = (score || 0) >= 0 ? 1 : -1;
    const d = `M${x - size} ${y + up * size * 0.8}h${2 * size}L${x} ${y - up * size}Z`, seen = x > -20 && x < frame.room + 20;
    if (seen) parts.push(`<g data-variant="${position}"><title>${escaped(title)}</title><path d="${d}" fill="${score === null ? SOFT : score >= 0 ? RAISES : LOWERS}"/>${told ? words(x + size + 3, y + 4, text, 'ink') : ''}</g>`);
  });
  return { count: own.length, height: own.length ? LANE * (Math.max(...lane) + 1) + 4 : 0, parts };
}

/* Hits and variants of a window as one track; null where there are none. */
function marks(frame, row, window) {
  const hits = hitShapes(frame, row, window), own = window === 0 ? variantShapes(frame, row, hits.height + 2) : { count: 0, height: 0, parts: [] };
  if (!hits.count && !own.count) return null;
  const height = hits.height + own.height + 4;
  const seen = [...hitsOf(row).map((h) => [h[0] - window * places, h[1] - window * places]), ...(window ? [] : variantsOf(row).map((v) => [v[1], Math.max(v[2], v[1] + 1)]))].some(([start, end]) => end > frame.from && start < frame.to);
  if (!seen) return svg(18, 'Motif hits and variants lie outside the view', words(LEFT - 7, 13, hits.count && own.count ? 'marks' : hits.count ? 'motifs' : 'variants', '', 'end'), words(LEFT + 4, 13, 'none in view; the whole window has ' + [hits.count ? `${hits.count} motif hit${hits.count > 1 ? 's' : ''}` : '', own.count ? `${own.count} variant${own.count > 1 ? 's' : ''}` : ''].filter(Boolean).join(' and ')));
  const said = [hits.count ? words(LEFT - 7, 15, 'motifs', '', 'end') : '', own.count ? words(LEFT - 7, hits.height + 16, 'variants', '', 'end') : ''];
  return svg(height, `${hits.count} motif hits and ${own.count} variants`, ...said, inner(frame, height, ...hits.parts, ...own.parts));
}

/* The label along the window: sites of each class, or the measured signal. */
function label(frame, row) {
  const own = truth(row);
  if (!own) return null;
  if (own.signal) {
    const range = span(own.signal, 0, own.signal.length);
    return svg(64, 'Measured signal', axis(frame, range, 64), bars(frame, own.signal, range, 64, '#8695a3', places / own.signal.length));
  }
  const parts = [], names = examples.filters.map((n) => n.replace(/^with /, ''));
  own.sites.forEach((k, i) => {
    if (k === 0 || k === 255 || i < frame.from || i >= frame.to) return;
    const x = (i - frame.from + 0.5) * frame.px, right = x > frame.room - 70;
    parts.push(`<g data-site="${i}"><path d="M${x} 3v14" stroke="#1c2733" stroke-width="2"/>${words(x + (right ? -5 : 5), 14, names[k - 1] || '', 'ink', right ? 'end' : '')}</g>`);
  });
  return svg(20, 'Sites of the label', words(LEFT - 7, 14, 'label', '', 'end'), inner(frame, 20, ...parts));
}

/* The whole window: contributions of one method in small, what lies along it, and the part that is shown below. */
function overview(room, row, method) {
  const frame = framed(room, 0, places), high = 34, parts = [], name = method ? method.name + (windows.length > 1 ? `, ${windows[state.window]} window` : '') : '';
  const values = method ? contributions(method.word, state.head, row, state.window) : null;
  if (values) {
    const [low, top] = span(values, 0, places), unit = (high - 4) / (top - low), zero = 2 + top * unit, wide = Math.max(1, Math.ceil(places / frame.room));
    let up = '', down = '';
    for (let i = 0; i < places; i += wide) {
      const [a, b] = span(values, i, Math.min(i + wide, places)), x = (i * frame.px).toFixed(1), w = (wide * frame.px).toFixed(2);
      if (b > 1e-6) up += `M${x} ${zero.toFixed(1)}v${(-b * unit).toFixed(1)}h${w}V${zero.toFixed(1)}Z`;
      if (a < 0) down += `M${x} ${zero.toFixed(1)}v${(-a * unit).toFixed(1)}h${w}V${zero.toFixed(1)}Z`;
    }
    parts.push(`<path d="${up}" fill="${RAISES}"/><path d="${down}" fill="${LOWERS}"/><path d="M0 ${zero.toFixed(1)}H${frame.room}" stroke="#8695a3" stroke-width=".7"/>`);
  }
  for (const hit of hitsOf(row)) if (hit[6] && inWindow(hit, state.window)) parts.push(`<rect x="${((hit[0] - state.window * places) * frame.px).toFixed(1)}" y="${high + 2}" width="${Math.max((hit[1] - hit[0]) * frame.px, 2).toFixed(1)}" height="4" fill="${SOFT}"/>`);
  for (const v of variantsOf(row)) parts.push(`<rect x="${(v[1] * frame.px - 0.5).toFixed(1)}" y="${high + 7}" width="2" height="4" fill="${v[6] >= 0 ? RAISES : LOWERS}"/>`);
  if (explained() !== null) parts.push(`<path d="M${((explained() + 0.5) * frame.px).toFixed(1)} 0V${high + 12}" stroke="#1c2733" stroke-width="1.5" stroke-dasharray="3 2"/>`);
  const x = state.from * frame.px, wide = (state.to - state.from) * frame.px, all = state.to - state.from >= places;
  const brush = all ? '' : `<path d="M0 0H${x}V${high + 12}H0ZM${x + wide} 0H${frame.room}V${high + 12}H${x + wide}Z" fill="#fff" fill-opacity=".66"/><rect id="brush" x="${x.toFixed(1)}" y=".5" width="${Math.max(wide, 2).toFixed(1)}" height="${high + 11}" fill="#0072b2" fill-opacity=".07" stroke="#0072b2" rx="2"/>`;
  const said = words(LEFT - 7, 14, 'whole', '', 'end') + words(LEFT - 7, 27, 'window', '', 'end');
  const ends = words(LEFT, high + 25, '1', '') + words(LEFT + frame.room, high + 25, `${places.toLocaleString('en')} bases`, '', 'end') + words(LEFT + frame.room / 2, high + 25, `${room > 520 ? `${name}; shown below: ` : ''}${state.from + 1}–${state.to}`, '', 'middle');
  return svg(high + 30, `Whole window, ${name}; places ${state.from + 1} to ${state.to} are shown below`, said, inner(frame, high + 12, `<rect width="${frame.room}" height="${high + 12}" fill="#f5f7f9"/>`, ...parts, brush), ends);
}
