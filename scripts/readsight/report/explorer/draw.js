/* Drawing as SVG text. A frame maps positions to pixels: { from, to, width, left, px, top }: px is the width of a position, top the space above. */
const LEFT = 58, RIGHT = 8, THIN = 2.6, LETTERS = 'ACGTN', RAISES = '#d55e00', LOWERS = '#0072b2', SOFT = '#5b6b7b', LINE = '#d9e0e6';

function makeFrame(width, from, to) { return { from, to, width: width - LEFT - RIGHT, left: LEFT, px: (width - LEFT - RIGHT) / (to - from), top: 8 }; }

function escapeText(text) { return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`); }

function shorten(text, letters) { return text.length <= letters ? text : text.slice(0, Math.max(letters - 1, 1)) + '…'; }

function svg(height, label, ...parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" height="${height}" role="img" aria-label="${escapeText(label)}">${parts.join('')}</svg>`;
}

function drawText(x, y, text, className, anchor) {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${className ? ` class="${className}"` : ''}${anchor ? ` text-anchor="${anchor}"` : ''}>${escapeText(text)}</text>`;
}

function drawLine(x1, y1, x2, y2, attributes) { return `<path d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}" stroke="${LINE}" fill="none" ${attributes || ''}/>`; }

/* Content of the plot area, clipped at its edges; x is 0 at the first visible position. */
function clipPlot(frame, height, ...parts) {
  return `<svg x="${frame.left}" y="0" width="${frame.width.toFixed(1)}" height="${height}" overflow="hidden">${parts.join('')}</svg>`;
}

function formatNumber(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value), text = size === 0 ? '0' : size >= 1000 || size < 0.001 ? value.toExponential(1) : value.toPrecision(size >= 100 ? 3 : 2);
  return text.replace('e+', 'e').replace(/-/g, '−');
}

function formatSigned(value) { return (value > 0 ? '+' : '') + formatNumber(value); }

/* Minimum and maximum of a track, including 0. */
function valueRange(values, from, to) {
  let low = 0, high = 0;
  for (let i = from; i < to; i++) { if (values[i] < low) low = values[i]; if (values[i] > high) high = values[i]; }
  if (low === high) high = 1e-6;
  return [low, high];
}

/* Sequence logo: letter heights are the values, negative ones upside down; coloured bars if positions are too narrow for letters. */
function drawLogo(frame, code, values, [low, high], height) {
  const top = frame.top, unit = (height - top - 8) / (high - low), zero = top + high * unit, glyphs = [], barPaths = ['', '', '', '', ''];
  for (let i = Math.max(frame.from, 0); i < Math.min(frame.to, values.length); i++) {
    const x = (i - frame.from) * frame.px, y = values[i] * unit;
    if (frame.px < THIN) {
      barPaths[code[i]] += `M${x.toFixed(1)} ${zero.toFixed(1)}v${(-y).toFixed(1)}h${frame.px.toFixed(2)}V${zero.toFixed(1)}Z`;
    } else if (code[i] < 4) {
      glyphs.push(drawLetter(LETTERS[code[i]], x + 0.03 * frame.px, zero, 0.94 * frame.px, y, `data-place="${i}" data-base="${LETTERS[code[i]]}"`));
    }
  }
  barPaths.forEach((d, b) => { if (d && b < 4) glyphs.push(`<path d="${d}" fill="${about.letters[LETTERS[b]].colour}" data-base="${LETTERS[b]}"/>`); });
  return clipPlot(frame, height, `<path d="M0 ${zero.toFixed(1)}H${frame.width.toFixed(1)}" stroke="#8695a3" stroke-width="1"/>`, ...glyphs);
}

function drawLetter(base, x, baseline, width, height, attributes) {
  const glyph = about.letters[base];
  return `<path d="${glyph.path}" transform="matrix(${width.toFixed(3)} 0 0 ${(-height).toFixed(3)} ${x.toFixed(2)} ${baseline.toFixed(2)})" fill="${glyph.colour}" ${attributes || ''}/>`;
}

/* Bars without letters, for methods that only locate and for signals. barWidth: positions per bar. */
function drawBars(frame, values, [low, high], height, colour, barWidth) {
  const top = frame.top, unit = (height - top - 8) / (high - low), zero = top + high * unit;
  let d = '';
  for (let i = Math.max(Math.floor(frame.from / barWidth), 0); i < values.length && i * barWidth < frame.to; i++) {
    d += `M${((i * barWidth - frame.from) * frame.px).toFixed(1)} ${zero.toFixed(1)}v${(-values[i] * unit).toFixed(1)}h${(frame.px * barWidth + 0.3).toFixed(2)}V${zero.toFixed(1)}Z`;
  }
  return clipPlot(frame, height, `<path d="M0 ${zero.toFixed(1)}H${frame.width.toFixed(1)}" stroke="#8695a3"/>`, `<path d="${d}" fill="${colour}" data-bars="1"/>`);
}

function drawAxis(frame, [low, high], height) {
  const top = frame.top, unit = (height - top - 8) / (high - low), zero = top + high * unit, parts = [];
  for (const value of [high, 0, low]) {
    const y = top + (high - value) * unit;
    if (value !== 0 && Math.abs(y - zero) < 11) continue;
    parts.push(drawText(LEFT - 7, y + 4, formatNumber(value), '', 'end'), `<path d="M${LEFT - 4} ${y.toFixed(1)}H${LEFT}" stroke="#8695a3"/>`);
  }
  return parts.join('');
}

/* Rows A C G T: change of the output by substituting that base; orange raises it, blue lowers it. */
function drawHeatMap(frame, code, values, largest, cellSize) {
  const LEVELS = 12, paths = new Map(), referenceDots = [];
  for (let i = frame.from; i < frame.to; i++) {
    const x = ((i - frame.from) * frame.px).toFixed(2);
    for (let b = 0; b < 4; b++) {
      const level = largest > 0 ? Math.round(values[4 * i + b] / largest * LEVELS) : 0;
      if (level) paths.set(level, (paths.get(level) || '') + `M${x} ${b * cellSize}h${(frame.px + 0.05).toFixed(2)}v${cellSize}h-${(frame.px + 0.05).toFixed(2)}Z`);
    }
    if (code[i] < 4 && frame.px >= 4) referenceDots.push(`<circle cx="${((i - frame.from + 0.5) * frame.px).toFixed(1)}" cy="${(code[i] + 0.5) * cellSize}" r="${Math.min(2.2, frame.px / 3).toFixed(1)}" fill="#1c2733"/>`);
  }
  const cells = [...paths].map(([level, d]) => `<path d="${d}" fill="${heatColour(level / LEVELS)}" data-level="${level}"/>`);
  const names = [...'ACGT'].map((base, b) => drawText(LEFT - 7, (b + 0.5) * cellSize + 4 + 4, base, 'base', 'end'));
  const body = `<g transform="translate(0 4)"><rect width="${frame.width.toFixed(1)}" height="${4 * cellSize}" fill="#fff" stroke="${LINE}"/>${cells.join('')}${referenceDots.join('')}</g>`;
  return names.join('') + clipPlot(frame, 4 * cellSize + 8, body);
}

/* Colour of −1 … 1: blue, white, orange. */
function heatColour(value) {
  const endColour = value > 0 ? [213, 94, 0] : [0, 114, 178], size = Math.min(Math.abs(value), 1);
  return `rgb(${endColour.map((c) => Math.round(255 + (c - 255) * size)).join(',')})`;
}

/* Positions of ruler labels: round numbers at sufficient spacing. numberOf: position → number on the ruler. */
function findTicks(frame, numberOf, spacing) {
  const minStep = spacing / frame.px, power = 10 ** Math.floor(Math.log10(Math.max(minStep, 1)));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= minStep) || 10 * power, positions = [];
  for (let i = frame.from; i < frame.to; i++) if (numberOf(i) % step === 0) positions.push(i);
  return positions;
}

/* Positions in the window and, if known, in the genome; below them the sequence, or its colours if letters do not fit. */
function drawRuler(frame, code, window) {
  const genome = window === 0 && genomePosition(frame.from) !== null, parts = [], top = genome ? 34 : 18, height = top + 24;
  const middle = (i) => LEFT + (i - frame.from + 0.5) * frame.px;
  const edge = (x) => (x < LEFT + 18 ? 'start' : x > LEFT + frame.width - 18 ? 'end' : 'middle');
  for (const i of findTicks(frame, (j) => j + 1, 70)) parts.push(drawText(middle(i), top - 6, String(i + 1), 'ink', edge(middle(i))), drawLine(middle(i), top - 3, middle(i), top + 2, 'stroke="#8695a3"'));
  if (genome) for (const i of findTicks(frame, genomePosition, 130)) parts.push(drawText(middle(i), 12, genomePosition(i).toLocaleString('en'), '', middle(i) < LEFT + 40 ? 'start' : edge(middle(i))));
  const bases = [], strips = ['', '', '', '', ''];
  for (let i = frame.from; i < frame.to; i++) {
    const x = (i - frame.from) * frame.px;
    strips[code[i]] += `M${x.toFixed(1)} ${frame.px < 7 ? top + 4 : top + 19}h${(frame.px + 0.05).toFixed(2)}v${frame.px < 7 ? 14 : 3}h-${(frame.px + 0.05).toFixed(2)}Z`;
    if (frame.px >= 7) bases.push(`<text class="base" data-place="${i}" text-anchor="middle" x="${(x + frame.px / 2).toFixed(1)}" y="${top + 15}">${LETTERS[code[i]]}</text>`);
  }
  strips.forEach((d, b) => { if (d) bases.unshift(`<path d="${d}" fill="${b < 4 ? about.letters[LETTERS[b]].colour : LINE}"/>`); });
  const chromosome = genome ? drawText(4, 12, shorten(examples.chrom[state.example], 7), '') : '';
  return svg(height, `Positions ${frame.from + 1} to ${frame.to} of the window, and their bases`, chromosome, ...parts, clipPlot(frame, height, ...bases));
}
