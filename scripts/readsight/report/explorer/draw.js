/* Drawing as text of SVG. A frame tells where places stand: { from, to, room, left, px, top }: px is a place's width, top the air above. */
const LEFT = 58, RIGHT = 8, THIN = 2.6, LETTERS = 'ACGTN', RAISES = '#d55e00', LOWERS = '#0072b2', SOFT = '#5b6b7b', LINE = '#d9e0e6';

function framed(room, from, to) { return { from, to, room: room - LEFT - RIGHT, left: LEFT, px: (room - LEFT - RIGHT) / (to - from), top: 8 }; }

function escaped(text) { return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`); }

function short(text, letters) { return text.length <= letters ? text : text.slice(0, Math.max(letters - 1, 1)) + '…'; }

function svg(height, label, ...parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" height="${height}" role="img" aria-label="${escaped(label)}">${parts.join('')}</svg>`;
}

function words(x, y, text, kind, anchor) {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${kind ? ` class="${kind}"` : ''}${anchor ? ` text-anchor="${anchor}"` : ''}>${escaped(text)}</text>`;
}

function line(x1, y1, x2, y2, more) { return `<path d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}" stroke="${LINE}" fill="none" ${more || ''}/>`; }

/* What lies along the places, cut off at the plot's edges; x is 0 at the first place that is shown. */
function inner(frame, height, ...parts) {
  return `<svg x="${frame.left}" y="0" width="${frame.room.toFixed(1)}" height="${height}" overflow="hidden">${parts.join('')}</svg>`;
}

function figure(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value), text = size === 0 ? '0' : size >= 1000 || size < 0.001 ? value.toExponential(1) : value.toPrecision(size >= 100 ? 3 : 2);
  return text.replace('e+', 'e').replace(/-/g, '−');
}

function signed(value) { return (value > 0 ? '+' : '') + figure(value); }

/* Lowest and highest of a track, 0 within, with some air. */
function span(values, from, to) {
  let low = 0, high = 0;
  for (let i = from; i < to; i++) { if (values[i] < low) low = values[i]; if (values[i] > high) high = values[i]; }
  if (low === high) high = 1e-6;
  return [low, high];
}

/* Letters as high as their numbers, on their heads below 0; where places are thin, bars in the letters' colours. */
function logo(frame, code, values, [low, high], height) {
  const top = frame.top, unit = (height - top - 8) / (high - low), zero = top + high * unit, drawn = [], bars = ['', '', '', '', ''];
  for (let i = Math.max(frame.from, 0); i < Math.min(frame.to, values.length); i++) {
    const x = (i - frame.from) * frame.px, y = values[i] * unit;
    if (frame.px < THIN) {
      bars[code[i]] += `M${x.toFixed(1)} ${zero.toFixed(1)}v${(-y).toFixed(1)}h${frame.px.toFixed(2)}V${zero.toFixed(1)}Z`;
    } else if (code[i] < 4) {
      drawn.push(letter(LETTERS[code[i]], x + 0.03 * frame.px, zero, 0.94 * frame.px, y, `data-place="${i}" data-base="${LETTERS[code[i]]}"`));
    }
  }
  bars.forEach((d, b) => { if (d && b < 4) drawn.push(`<path d="${d}" fill="${about.letters[LETTERS[b]].colour}" data-base="${LETTERS[b]}"/>`); });
  return inner(frame, height, `<path d="M0 ${zero.toFixed(1)}H${frame.room.toFixed(1)}" stroke="#8695a3" stroke-width="1"/>`, ...drawn);
}

function letter(base, x, foot, wide, high, more) {
  const own = about.letters[base];
  return `<path d="${own.path}" transform="matrix(${wide.toFixed(3)} 0 0 ${(-high).toFixed(3)} ${x.toFixed(2)} ${foot.toFixed(2)})" fill="${own.colour}" ${more || ''}/>`;
}

/* Bars without letters: of methods that say where a model looks, and of signals. wide: places of a bar. */
function bars(frame, values, [low, high], height, colour, wide) {
  const top = frame.top, unit = (height - top - 8) / (high - low), zero = top + high * unit;
  let d = '';
  for (let i = Math.max(Math.floor(frame.from / wide), 0); i < values.length && i * wide < frame.to; i++) {
    d += `M${((i * wide - frame.from) * frame.px).toFixed(1)} ${zero.toFixed(1)}v${(-values[i] * unit).toFixed(1)}h${(frame.px * wide + 0.3).toFixed(2)}V${zero.toFixed(1)}Z`;
  }
  return inner(frame, height, `<path d="M0 ${zero.toFixed(1)}H${frame.room.toFixed(1)}" stroke="#8695a3"/>`, `<path d="${d}" fill="${colour}" data-bars="1"/>`);
}

function axis(frame, [low, high], height) {
  const top = frame.top, unit = (height - top - 8) / (high - low), zero = top + high * unit, parts = [];
  for (const value of [high, 0, low]) {
    const y = top + (high - value) * unit;
    if (value !== 0 && Math.abs(y - zero) < 11) continue;
    parts.push(words(LEFT - 7, y + 4, figure(value), '', 'end'), `<path d="M${LEFT - 4} ${y.toFixed(1)}H${LEFT}" stroke="#8695a3"/>`);
  }
  return parts.join('');
}

/* Rows A C G T: what the output changes by where that base is put there; orange raises it, blue lowers it. */
function heat(frame, code, values, most, cell) {
  const LEVELS = 12, paths = new Map(), own = [];
  for (let i = frame.from; i < frame.to; i++) {
    const x = ((i - frame.from) * frame.px).toFixed(2);
    for (let b = 0; b < 4; b++) {
      const level = most > 0 ? Math.round(values[4 * i + b] / most * LEVELS) : 0;
      if (level) paths.set(level, (paths.get(level) || '') + `M${x} ${b * cell}h${(frame.px + 0.05).toFixed(2)}v${cell}h-${(frame.px + 0.05).toFixed(2)}Z`);
    }
    if (code[i] < 4 && frame.px >= 4) own.push(`<circle cx="${((i - frame.from + 0.5) * frame.px).toFixed(1)}" cy="${(code[i] + 0.5) * cell}" r="${Math.min(2.2, frame.px / 3).toFixed(1)}" fill="#1c2733"/>`);
  }
  const drawn = [...paths].map(([level, d]) => `<path d="${d}" fill="${shade(level / LEVELS)}" data-level="${level}"/>`);
  const names = [...'ACGT'].map((base, b) => words(LEFT - 7, (b + 0.5) * cell + 4 + 4, base, 'base', 'end'));
  const body = `<g transform="translate(0 4)"><rect width="${frame.room.toFixed(1)}" height="${4 * cell}" fill="#fff" stroke="${LINE}"/>${drawn.join('')}${own.join('')}</g>`;
  return names.join('') + inner(frame, 4 * cell + 8, body);
}

/* Colour of −1 … 1: blue, white, orange. */
function shade(part) {
  const end = part > 0 ? [213, 94, 0] : [0, 114, 178], size = Math.min(Math.abs(part), 1);
  return `rgb(${end.map((c) => Math.round(255 + (c - 255) * size)).join(',')})`;
}

/* Places at which a ruler says its number: round ones, far enough apart. first: number of the first place that is shown. */
function ticks(frame, numbered, apart) {
  const least = apart / frame.px, power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= least) || 10 * power, at = [];
  for (let i = frame.from; i < frame.to; i++) if (numbered(i) % step === 0) at.push(i);
  return at;
}

/* Numbers of places and, where known, of the genome; below them the sequence, or its colours where letters have no room. */
function ruler(frame, code, window) {
  const genome = window === 0 && locus(frame.from) !== null, parts = [], top = genome ? 34 : 18, height = top + 24;
  const middle = (i) => LEFT + (i - frame.from + 0.5) * frame.px;
  const edge = (x) => (x < LEFT + 18 ? 'start' : x > LEFT + frame.room - 18 ? 'end' : 'middle');
  for (const i of ticks(frame, (j) => j + 1, 70)) parts.push(words(middle(i), top - 6, String(i + 1), 'ink', edge(middle(i))), line(middle(i), top - 3, middle(i), top + 2, 'stroke="#8695a3"'));
  if (genome) for (const i of ticks(frame, locus, 130)) parts.push(words(middle(i), 12, locus(i).toLocaleString('en'), '', middle(i) < LEFT + 40 ? 'start' : edge(middle(i))));
  const drawn = [], strips = ['', '', '', '', ''];
  for (let i = frame.from; i < frame.to; i++) {
    const x = (i - frame.from) * frame.px;
    strips[code[i]] += `M${x.toFixed(1)} ${frame.px < 7 ? top + 4 : top + 19}h${(frame.px + 0.05).toFixed(2)}v${frame.px < 7 ? 14 : 3}h-${(frame.px + 0.05).toFixed(2)}Z`;
    if (frame.px >= 7) drawn.push(`<text class="base" data-place="${i}" text-anchor="middle" x="${(x + frame.px / 2).toFixed(1)}" y="${top + 15}">${LETTERS[code[i]]}</text>`);
  }
  strips.forEach((d, b) => { if (d) drawn.unshift(`<path d="${d}" fill="${b < 4 ? about.letters[LETTERS[b]].colour : LINE}"/>`); });
  const said = genome ? words(4, 12, short(examples.chrom[state.example], 7), '') : '';
  return svg(height, `Places ${frame.from + 1} to ${frame.to} of the window, and their bases`, said, ...parts, inner(frame, height, ...drawn));
}
