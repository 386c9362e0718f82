/* The list of examples: what it holds, in which order, and which one is looked at. */
const ORDERS = {
  given: ['as explained', (i) => i],
  name: ['by name', null],
  high: ['score, highest first', (i) => -(score(i) ?? -Infinity)],
  low: ['score, lowest first', (i) => score(i) ?? Infinity],
  wrong: ['most wrong first', (i) => -(examples.wrong[state.head][i] ?? -Infinity)],
  moved: ['most moved by a base first', (i) => -peak(i)],
};
const byName = new Intl.Collator('en', { numeric: true });
let listed = [];

function score(i) { return examples.score[state.head][i]; }

function peak(i) {
  const values = contributions((chosen()[0] || about.methods[0]).word, state.head, i, 0);
  return values ? values.reduce((a, v) => Math.max(a, Math.abs(v)), 0) : 0;
}

function whereabouts(i) {
  if (!examples.chrom[i] || examples.start[i] < 0) return '';
  const strand = ['+', '-'].includes(examples.strand[i]) ? ` (${examples.strand[i]})` : '';
  return `${examples.chrom[i]}:${(examples.start[i] + 1).toLocaleString('en')}–${examples.end[i].toLocaleString('en')}${strand}`;
}

function kept() {
  const words = state.seek.toLowerCase().split(/\s+/).filter(Boolean), group = examples.filters.indexOf(state.class);
  const right = { right: true, wrong: false }[state.called], rows = [];
  for (let i = 0; i < total; i++) {
    const text = `${examples.example[i]} ${examples.group[i]} ${whereabouts(i)} ${whereabouts(i).replace(/,/g, '')} ${examples.label[i]}`.toLowerCase();
    if (words.every((w) => text.includes(w)) && (group < 0 || examples.classes[i].includes(group)) && (right === undefined || examples.right[state.head][i] === right)) rows.push(i);
  }
  const key = ORDERS[state.sort][1];
  if (!key) return rows.sort((a, b) => byName.compare(examples.example[a], examples.example[b]));
  const keys = new Map(rows.map((i) => [i, key(i)]));
  return rows.sort((a, b) => keys.get(a) - keys.get(b) || a - b);
}

function mark(i) {
  const right = examples.right[state.head][i];
  return right === null ? ['none', '–'] : right ? ['good', '✓'] : ['bad', '✗'];
}

/* How an example scores, in few letters: a probability where there is one. */
function worth(i) {
  const chance = examples.chance[state.head];
  return chance ? `p ${figureOf(chance[i])}` : figure(score(i));
}

function figureOf(p) { return p === null ? '–' : p > 0.995 ? '> 0.99' : p < 0.005 ? '< 0.01' : p.toFixed(2); }

function filled() {
  listed = kept();
  const items = listed.map((i) => {
    const [kind, icon] = mark(i), called = examples.called[state.head][i];
    const under = [examples.label[i], called && called !== examples.label[i] ? `called ${called}` : '', whereabouts(i)].filter(Boolean).join(' · ');
    return made('li', { role: 'option', id: `e${i}`, 'data-row': i, 'aria-selected': i === state.example, title: examples.example[i] },
      made('span', { class: `icon ${kind}`, role: 'img', 'aria-label': kind === 'none' ? 'not judged' : about.words[kind === 'good' ? 0 : 1] }, icon),
      made('span', { class: 'title' }, examples.example[i]), made('span', { class: 'worth' }, worth(i)), made('span', { class: 'under' }, under));
  });
  element('list').replaceChildren(...(items.length ? items : [made('li', { class: 'empty' }, 'No example is like that.')]));
  const what = examples.chance[state.head] ? `p: probability of ${state.head}` : `number: ${about.unit || 'score'}${about.heads.length > 1 ? ` of ${state.head}` : ''}`;
  element('count').textContent = (listed.length === total ? `${total.toLocaleString('en')} example${total === 1 ? '' : 's'}` : `${listed.length.toLocaleString('en')} of ${total.toLocaleString('en')} examples`) + ` · ${what}`;
  pointed();
}

/* Mark the example that is looked at, and bring it into sight. */
function pointed() {
  const list = element('list');
  for (const item of list.querySelectorAll('[aria-selected=true]')) item.setAttribute('aria-selected', 'false');
  const own = element(`e${state.example}`);
  if (own) {
    own.setAttribute('aria-selected', 'true');
    list.setAttribute('aria-activedescendant', own.id);
    const low = own.offsetTop - list.offsetTop, high = low + own.offsetHeight;
    if (low < list.scrollTop) list.scrollTop = low;
    else if (high > list.scrollTop + list.clientHeight) list.scrollTop = high - list.clientHeight;
  } else list.removeAttribute('aria-activedescendant');
  const at = listed.indexOf(state.example);
  element('before').disabled = at === 0 || !listed.length;
  element('after').disabled = at === listed.length - 1 || !listed.length;
}

/* The example some steps on in the list, and that one's number; the first where what is looked at is not in it. */
function stepped(by) {
  if (!listed.length) return null;
  const at = listed.indexOf(state.example);
  return listed[at < 0 ? 0 : Math.min(Math.max(at + by, 0), listed.length - 1)];
}

function choices(select, pairs, value) {
  select.replaceChildren(...pairs.map(([key, text]) => made('option', { value: key }, text)));
  select.value = value;
}
