/* Annotations of the window: motif hits, variants, the label, and the overview. */
const TINTS = ['#cfe5f2', '#f9e3b8', '#c9ebdf', '#f6d3c0', '#e4d5ec', '#dfe3c0', '#f4d0df', '#d5dbe1'], LANE = 19, LANES = 6;
const motifNames = [...new Set(Object.values(about.hits).flat().map((hit) => hit[3]))].sort();

/* Motif hits of an example for the selected head: [start, end, strand, motif, score, contribution, contributes]. */
function getHits(row) { return (about.hits[row] || []).filter((hit) => [undefined, state.head].includes((about.motifs[hit[3]] || {}).head)); }

/* Variants of an example: [set, start, end, position, ref, alt, effect on the selected head, label]. */
function getVariants(row) { return (about.variants[row] || []).map((v) => [...v.slice(0, 6), v[6][about.heads.indexOf(state.head)], v[7]]); }

function overlapsWindow([start, end], window) { return end > window * windowLength && start < (window + 1) * windowLength; }

/* Assign intervals to lanes so that no two in one lane overlap. */
function assignLanes(intervals) {
  const ends = [];
  return intervals.map(([start, end]) => {
    let lane = ends.findIndex((e) => e <= start);
    if (lane < 0) lane = ends.push(0) - 1;
    ends[lane] = end;
    return lane;
  });
}

/* One-line description of a motif. */
function describeMotif(name) {
  const motif = about.motifs[name] || {}, parts = [motif.match ? `matches ${motif.match}${motif.q ? ` (q ${motif.q})` : ''}` : '', motif.consensus, motif.towards ? `towards ${motif.towards}` : '', motif.seqlets ? `${motif.seqlets} seqlets` : ''];
  return parts.filter(Boolean).join(', ');
}

/* Name shown for a motif: the matching known motif, if any. */
function motifLabel(name) { return (about.motifs[name] || {}).match || name; }

function drawHits(frame, row, window) {
  const windowHits = getHits(row).filter((hit) => overlapsWindow(hit, window)).map((hit) => [hit[0] - window * windowLength, hit[1] - window * windowLength, ...hit.slice(2)]);
  const lane = assignLanes(windowHits), parts = [], hiddenCount = lane.filter((l) => l >= LANES).length;
  windowHits.forEach(([start, end, strand, motif, score, contribution, isTypical], i) => {
    if (lane[i] >= LANES) return;
    const x = (start - frame.from) * frame.px, width = Math.max((end - start) * frame.px, 3), y = 3 + lane[i] * LANE, height = LANE - 4, tip = Math.min(6, width / 3);
    const d = strand === '-' ? `M${x + tip} ${y}H${x + width}V${y + height}H${x + tip}L${x} ${y + height / 2}Z` : `M${x} ${y}H${x + width - tip}L${x + width} ${y + height / 2}L${x + width - tip} ${y + height}H${x}Z`;
    const title = `${motif} (${strand}), positions ${start + 1}–${end}, score ${formatNumber(score)}, contribution ${formatSigned(contribution)}${isTypical ? '' : '; less than its seqlets'}. ${describeMotif(motif)}`;
    const visibleWidth = Math.min(x + width, frame.width) - Math.max(x, 0), name = motifLabel(motif), fits = Math.floor((visibleWidth - 12) / 6.3);
    const text = fits >= 3 ? drawText(Math.max(x, 0) + visibleWidth / 2, y + height - 4, shorten(name, fits), isTypical ? 'ink' : '', 'middle') : '';
    parts.push(`<g data-hit="${escapeText(motif)}"><title>${escapeText(title)}</title><path d="${d}" fill="${isTypical ? TINTS[motifNames.indexOf(motif) % TINTS.length] : '#fff'}" stroke="${SOFT}" stroke-width=".8"${isTypical ? '' : ' stroke-dasharray="3 2"'}/>${text}</g>`);
  });
  if (hiddenCount) parts.push(drawText(frame.width - 4, 4 + LANE * LANES + 9, `and ${hiddenCount} more: see the table below`, '', 'end'));
  return { count: windowHits.length, height: windowHits.length ? 4 + LANE * Math.min(Math.max(...lane) + 1, LANES) + (hiddenCount ? 12 : 0) : 0, parts };
}

function isReverse() { return examples.strand[state.example] === '-'; }

/* Alleles of a variant in the orientation of the window: reverse complements on the reverse strand. */
function formatAlleles(variant, letters) {
  const complement = { A: 'T', C: 'G', G: 'C', T: 'A' }, orient = (allele) => (isReverse() && /^[ACGTN]+$/.test(allele) ? [...allele].reverse().map((b) => complement[b] || b).join('') : allele);
  return [variant[4], variant[5]].map((allele) => shorten(orient(allele), letters || 60)).join('>');
}

/* One triangle per variant, pointing up if it raises the output; with change and effect as text if positions are wide. */
function drawVariants(frame, row, base) {
  const largest = Math.max(...getVariants(row).map((v) => Math.abs(v[6] || 0)), 1e-9), hasText = frame.px >= 7, parts = [];
  const shapes = getVariants(row).map(([set, start, end, position, ref, alt, score, label]) => {
    const x = ((start + end) / 2 - frame.from) * frame.px, size = 3 + 4 * Math.sqrt(Math.abs(score || 0) / largest);
    return { x, size, position, score, text: `${formatAlleles([0, 0, 0, 0, ref, alt], 6)} ${formatSigned(score)}`, title: `${set}: ${position} ${ref}>${alt}, effect ${formatSigned(score)}${label ? `, ${label}` : ''}` };
  });
  const lane = assignLanes(shapes.map((v) => [v.x - v.size, v.x + v.size + (hasText ? 8 + 6.6 * v.text.length : 2)]));
  shapes.forEach(({ x, size, position, score, text, title }, i) => {
    const y = base + LANE * lane[i] + LANE / 2, up = (score || 0) >= 0 ? 1 : -1;
    const d = `M${x - size} ${y + up * size * 0.8}h${2 * size}L${x} ${y - up * size}Z`, isVisible = x > -20 && x < frame.width + 20;
    if (isVisible) parts.push(`<g data-variant="${position}"><title>${escapeText(title)}</title><path d="${d}" fill="${score === null ? SOFT : score >= 0 ? RAISES : LOWERS}"/>${hasText ? drawText(x + size + 3, y + 4, text, 'ink') : ''}</g>`);
  });
  return { count: shapes.length, height: shapes.length ? LANE * (Math.max(...lane) + 1) + 4 : 0, parts };
}

/* Hits and variants of a window as one track; null if there are none. */
function drawMarks(frame, row, window) {
  const hits = drawHits(frame, row, window), variants = window === 0 ? drawVariants(frame, row, hits.height + 2) : { count: 0, height: 0, parts: [] };
  if (!hits.count && !variants.count) return null;
  const height = hits.height + variants.height + 4;
  const isVisible = [...getHits(row).map((h) => [h[0] - window * windowLength, h[1] - window * windowLength]), ...(window ? [] : getVariants(row).map((v) => [v[1], Math.max(v[2], v[1] + 1)]))].some(([start, end]) => end > frame.from && start < frame.to);
  if (!isVisible) return svg(18, 'Motif hits and variants lie outside the view', drawText(LEFT - 7, 13, hits.count && variants.count ? 'features' : hits.count ? 'motifs' : 'variants', '', 'end'), drawText(LEFT + 4, 13, 'none in view; the full window has ' + [hits.count ? `${hits.count} motif hit${hits.count > 1 ? 's' : ''}` : '', variants.count ? `${variants.count} variant${variants.count > 1 ? 's' : ''}` : ''].filter(Boolean).join(' and ')));
  const captions = [hits.count ? drawText(LEFT - 7, 15, 'motifs', '', 'end') : '', variants.count ? drawText(LEFT - 7, hits.height + 16, 'variants', '', 'end') : ''];
  return svg(height, `${hits.count} motif hits and ${variants.count} variants`, ...captions, clipPlot(frame, height, ...hits.parts, ...variants.parts));
}

/* Label per position: sites of each class, or the measured signal. */
function drawLabel(frame, row) {
  const target = getLabel(row);
  if (!target) return null;
  if (target.signal) {
    const range = valueRange(target.signal, 0, target.signal.length);
    return svg(64, 'Measured signal', drawAxis(frame, range, 64), drawBars(frame, target.signal, range, 64, '#8695a3', windowLength / target.signal.length));
  }
  const parts = [], names = examples.filters.map((n) => n.replace(/^with /, ''));
  target.sites.forEach((k, i) => {
    if (k === 0 || k === 255 || i < frame.from || i >= frame.to) return;
    const x = (i - frame.from + 0.5) * frame.px, isAtEdge = x > frame.width - 70;
    parts.push(`<g data-site="${i}"><path d="M${x} 3v14" stroke="#1c2733" stroke-width="2"/>${drawText(x + (isAtEdge ? -5 : 5), 14, names[k - 1] || '', 'ink', isAtEdge ? 'end' : '')}</g>`);
  });
  return svg(20, 'Sites of the label', drawText(LEFT - 7, 14, 'label', '', 'end'), clipPlot(frame, 20, ...parts));
}

/* Overview of the full window: contributions of one method, annotations, and the range shown below. */
function drawOverview(width, row, method) {
  const frame = makeFrame(width, 0, windowLength), height = 34, parts = [], name = method ? method.name + (windows.length > 1 ? `, ${windows[state.window]} window` : '') : '';
  const values = method ? getContributions(method.key, state.head, row, state.window) : null;
  if (values) {
    const [low, top] = valueRange(values, 0, windowLength), unit = (height - 4) / (top - low), zero = 2 + top * unit, size = Math.max(1, Math.ceil(windowLength / frame.width));
    let up = '', down = '';
    for (let i = 0; i < windowLength; i += size) {
      const [a, b] = valueRange(values, i, Math.min(i + size, windowLength)), x = (i * frame.px).toFixed(1), w = (size * frame.px).toFixed(2);
      if (b > 1e-6) up += `M${x} ${zero.toFixed(1)}v${(-b * unit).toFixed(1)}h${w}V${zero.toFixed(1)}Z`;
      if (a < 0) down += `M${x} ${zero.toFixed(1)}v${(-a * unit).toFixed(1)}h${w}V${zero.toFixed(1)}Z`;
    }
    parts.push(`<path d="${up}" fill="${RAISES}"/><path d="${down}" fill="${LOWERS}"/><path d="M0 ${zero.toFixed(1)}H${frame.width}" stroke="#8695a3" stroke-width=".7"/>`);
  }
  for (const hit of getHits(row)) if (hit[6] && overlapsWindow(hit, state.window)) parts.push(`<rect x="${((hit[0] - state.window * windowLength) * frame.px).toFixed(1)}" y="${height + 2}" width="${Math.max((hit[1] - hit[0]) * frame.px, 2).toFixed(1)}" height="4" fill="${SOFT}"/>`);
  for (const v of getVariants(row)) parts.push(`<rect x="${(v[1] * frame.px - 0.5).toFixed(1)}" y="${height + 7}" width="2" height="4" fill="${v[6] >= 0 ? RAISES : LOWERS}"/>`);
  if (explainedPosition() !== null) parts.push(`<path d="M${((explainedPosition() + 0.5) * frame.px).toFixed(1)} 0V${height + 12}" stroke="#1c2733" stroke-width="1.5" stroke-dasharray="3 2"/>`);
  const x = state.from * frame.px, size = (state.to - state.from) * frame.px, isComplete = state.to - state.from >= windowLength;
  const brush = isComplete ? '' : `<path d="M0 0H${x}V${height + 12}H0ZM${x + size} 0H${frame.width}V${height + 12}H${x + size}Z" fill="#fff" fill-opacity=".66"/><rect id="brush" x="${x.toFixed(1)}" y=".5" width="${Math.max(size, 2).toFixed(1)}" height="${height + 11}" fill="#0072b2" fill-opacity=".07" stroke="#0072b2" rx="2"/>`;
  const caption = drawText(LEFT - 7, 14, 'full', '', 'end') + drawText(LEFT - 7, 27, 'window', '', 'end');
  const ends = drawText(LEFT, height + 25, '1', '') + drawText(LEFT + frame.width, height + 25, `${windowLength.toLocaleString('en')} bases`, '', 'end') + drawText(LEFT + frame.width / 2, height + 25, `${width > 520 ? `${name}; shown below: ` : ''}${state.from + 1}–${state.to}`, '', 'middle');
  return svg(height + 30, `Full window, ${name}; positions ${state.from + 1} to ${state.to} are shown below`, caption, clipPlot(frame, height + 12, `<rect width="${frame.width}" height="${height + 12}" fill="#f5f7f9"/>`, ...parts, brush), ends);
}
