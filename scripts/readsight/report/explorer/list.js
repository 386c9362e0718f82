/* The list of examples: filters, order, and the selected one. */
const ORDERS = {
  given: ['as explained', (i) => i],
  name: ['by name', null],
  high: ['score, highest first', (i) => -(getScore(i) ?? -Infinity)],
  low: ['score, lowest first', (i) => getScore(i) ?? Infinity],
  wrong: ['largest error first', (i) => -(examples.wrong[state.head][i] ?? -Infinity)],
  moved: ['largest contribution first', (i) => -largestContribution(i)],
};
const nameCollator = new Intl.Collator('en', { numeric: true });
let listedRows = [];

function getScore(i) { return examples.score[state.head][i]; }

function largestContribution(i) {
  const values = getContributions((selectedMethods()[0] || about.methods[0]).key, state.head, i, 0);
  return values ? values.reduce((a, v) => Math.max(a, Math.abs(v)), 0) : 0;
}

function formatLocation(i) {
  if (!examples.chrom[i] || examples.start[i] < 0) return '';
  const strand = ['+', '-'].includes(examples.strand[i]) ? ` (${examples.strand[i]})` : '';
  return `${examples.chrom[i]}:${(examples.start[i] + 1).toLocaleString('en')}–${examples.end[i].toLocaleString('en')}${strand}`;
}

function filterExamples() {
  const terms = state.seek.toLowerCase().split(/\s+/).filter(Boolean), classIndex = examples.filters.indexOf(state.class);
  const isRight = { right: true, wrong: false }[state.called], rows = [];
  for (let i = 0; i < exampleCount; i++) {
    const text = `${examples.example[i]} ${examples.group[i]} ${formatLocation(i)} ${formatLocation(i).replace(/,/g, '')} ${examples.label[i]}`.toLowerCase();
    if (terms.every((w) => text.includes(w)) && (classIndex < 0 || examples.classes[i].includes(classIndex)) && (isRight === undefined || examples.right[state.head][i] === isRight)) rows.push(i);
  }
  const key = ORDERS[state.sort][1];
  if (!key) return rows.sort((a, b) => nameCollator.compare(examples.example[a], examples.example[b]));
  const keys = new Map(rows.map((i) => [i, key(i)]));
  return rows.sort((a, b) => keys.get(a) - keys.get(b) || a - b);
}

function judgeExample(i) {
  const isRight = examples.right[state.head][i];
  return isRight === null ? ['none', '–'] : isRight ? ['good', '✓'] : ['bad', '✗'];
}

/* Short score of an example: a probability if there is one. */
function formatScore(i) {
  const probabilities = examples.chance[state.head];
  return probabilities ? `p ${formatProbability(probabilities[i])}` : formatNumber(getScore(i));
}

function formatProbability(p) { return p === null ? '–' : p > 0.995 ? '> 0.99' : p < 0.005 ? '< 0.01' : p.toFixed(2); }

function fillList() {
  listedRows = filterExamples();
  const items = listedRows.map((i) => {
    const [kind, icon] = judgeExample(i), prediction = examples.called[state.head][i];
    const details = [examples.label[i], prediction && prediction !== examples.label[i] ? `predicted ${prediction}` : '', formatLocation(i)].filter(Boolean).join(' · ');
    return createNode('li', { role: 'option', id: `e${i}`, 'data-row': i, 'aria-selected': i === state.example, title: examples.example[i] },
      createNode('span', { class: `icon ${kind}`, role: 'img', 'aria-label': kind === 'none' ? 'not judged' : about.outcomes[kind === 'good' ? 0 : 1] }, icon),
      createNode('span', { class: 'title' }, examples.example[i]), createNode('span', { class: 'worth' }, formatScore(i)), createNode('span', { class: 'under' }, details));
  });
  element('list').replaceChildren(...(items.length ? items : [createNode('li', { class: 'empty' }, 'No example matches.')]));
  const legend = examples.chance[state.head] ? `p: probability of ${state.head}` : `number: ${about.unit || 'score'}${about.heads.length > 1 ? ` of ${state.head}` : ''}`;
  element('count').textContent = (listedRows.length === exampleCount ? `${exampleCount.toLocaleString('en')} example${exampleCount === 1 ? '' : 's'}` : `${listedRows.length.toLocaleString('en')} of ${exampleCount.toLocaleString('en')} examples`) + ` · ${legend}`;
  selectItem();
}

/* Highlight the selected example and scroll to it. */
function selectItem() {
  const list = element('list');
  for (const item of list.querySelectorAll('[aria-selected=true]')) item.setAttribute('aria-selected', 'false');
  const selected = element(`e${state.example}`);
  if (selected) {
    selected.setAttribute('aria-selected', 'true');
    list.setAttribute('aria-activedescendant', selected.id);
    const low = selected.offsetTop - list.offsetTop, high = low + selected.offsetHeight;
    if (low < list.scrollTop) list.scrollTop = low;
    else if (high > list.scrollTop + list.clientHeight) list.scrollTop = high - list.clientHeight;
  } else list.removeAttribute('aria-activedescendant');
  const index = listedRows.indexOf(state.example);
  element('before').disabled = index === 0 || !listedRows.length;
  element('after').disabled = index === listedRows.length - 1 || !listedRows.length;
}

/* Example at a distance of some steps in the list; the first one if the selected example is not listed. */
function findNeighbour(steps) {
  if (!listedRows.length) return null;
  const index = listedRows.indexOf(state.example);
  return listedRows[index < 0 ? 0 : Math.min(Math.max(index + steps, 0), listedRows.length - 1)];
}

function fillSelect(select, pairs, value) {
  select.replaceChildren(...pairs.map(([key, text]) => createNode('option', { value: key }, text)));
  select.value = value;
}
