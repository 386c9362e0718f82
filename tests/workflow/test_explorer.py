"""The page of sequences in a browser: it shows what was explained, follows the reader and its address, and asks for nothing."""

import base64
import json
import time

import numpy as np
import pandas as pd
import pytest

import browser
import explored
from readsight.report.explorer import builder, tracks

pytestmark = pytest.mark.skipif(browser.path() is None, reason="no Chromium on PATH (envs/browser.sh installs it)")
READY = "document.body && (document.body.dataset.ready === 'yes' || document.querySelector('#trouble:not([hidden])'))"
BAD = 'it\'s <script>"one"</script> & so'


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    found = browser.Browser(tmp_path_factory.mktemp("chromium"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def held():
    found = explored.made("binary", n=6, length=40)
    found.rows["example"][4] = BAD
    found.score["yes"] = np.array(
        [2.0, -1.5, -0.5, 3.0, -2.5, 1.0]
    )  # labels no, yes, no, yes, …: the first and the second are wrong
    return found


@pytest.fixture(scope="module")
def page(held, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    hits = [("one2", 10, 19, "-", "pos_1", 9.5, 1.25), (BAD, 1, 8, "+", "pos_2", 8.0, -0.5)]
    pd.DataFrame(hits, columns=tracks.HITS).to_csv(folder / "hits.tsv", sep="\t", index=False)
    (folder / "motifs.tsv").write_text("motif\tmatch\npos_1\tSPI1 <i>\n")
    variants = [("chr1", 2506, "A", "C", -2.0), ("chr1", 1506, "AG", "A", 1.0)]
    pd.DataFrame(variants, columns=[*tracks.SITES, "delta.yes"]).to_parquet(folder / "regulatory.parquet")
    files = (folder / "hits.tsv", folder / "motifs.tsv", [folder / "regulatory.parquet"])
    text = builder.page(held, explored.exams("mutagenesis"), explored.evaluation(), *files)
    (folder / "explore.html").write_text(text, encoding="utf-8")
    return folder / "explore.html"


@pytest.fixture
def at(chromium, page):
    """Open the page at an address; afterwards nothing had gone wrong, and nothing had been asked for."""

    def go(hash=""):
        chromium.open(f"{page.as_uri()}{hash}", READY)
        return chromium

    yield go
    assert chromium.errors == []
    assert set(chromium.asked) == {page.as_uri()}


def text(chromium, selector):
    return chromium.ask(f"document.querySelector({json.dumps(selector)})?.innerText")


def drawn(chromium, key):
    """Letters of a track: place, base, and height as it is drawn (below 0 downwards)."""
    script = f"""[...document.querySelectorAll('[data-key="{key}"] path[data-place]')].map((p) =>
      [+p.dataset.place, p.dataset.base, -p.transform.baseVal[0].matrix.d])"""
    return chromium.ask(script)


def settled(chromium):
    """The address, once it says what is shown."""
    time.sleep(0.3)
    return chromium.ask("decodeURIComponent(location.hash)")


def test_the_address_chooses_example_method_and_view_and_the_letters_are_those_of_the_sequence(at, held):
    chromium = at("#example=3&method=integrated_gradients&from=3&to=32")
    assert text(chromium, "#name") == "one2", "the third"
    assert chromium.ask("[...document.querySelectorAll('.track[data-method]')].map((t) => t.dataset.method)") == [
        "integrated_gradients"
    ]
    letters = drawn(chromium, "own/integrated_gradients/0")
    assert [place for place, _, _ in letters] == list(range(2, 32))
    assert "".join(base for _, base, _ in letters) == "".join("ACGTN"[c] for c in held.sequence[2, 2:32])
    shown = "[...document.querySelectorAll('[data-key=ruler0] text.base')].map((t) => t.textContent).join('')"
    assert chromium.ask(shown) == "".join("ACGTN"[c] for c in held.sequence[2, 2:32])
    own = held.contributions("integrated_gradients", "yes")[2, 2:32]
    heights = np.array([height for _, _, height in letters])
    unit = heights[np.abs(own).argmax()] / own[np.abs(own).argmax()]
    assert unit > 0 and heights == pytest.approx(own * unit, abs=0.01), (
        "heights are proportional to contributions, with their sign"
    )


def test_numbers_come_back_the_same_with_and_without_the_browser_s_own_decompression(at, held):
    chromium = at()
    for row, window in ((0, 0), (5, 0)):
        back = chromium.ask(f"Array.from(explorer.contributions('mutagenesis', 'yes', {row}, {window}))")
        assert back == pytest.approx(held.contributions("mutagenesis", "yes")[row], rel=1e-4, abs=1e-4)
    script = """(() => { const raw = atob(document.getElementById('block').textContent.trim()), given = Uint8Array.from(raw, (c) => c.charCodeAt(0));
      return new Blob([given]).stream().pipeThrough(new DecompressionStream('gzip')) })()"""
    script = f"""(async () => {{ const whole = new Uint8Array(await new Response({script}).arrayBuffer());
      const own = explorer.inflated(Uint8Array.from(atob(document.getElementById('block').textContent.trim()), (c) => c.charCodeAt(0)), whole.length);
      return whole.length === explorer.about.size && whole.every((v, i) => v === own[i]); }})()"""
    assert chromium.ask(script) is True


def test_the_exams_of_a_method_stand_beside_it_and_a_failed_one_is_marked_wherever_it_is_drawn(at):
    chromium = at("#method=integrated_gradients,mutagenesis&map=1")
    good, bad = (f".track[data-method={m}]" for m in ("integrated_gradients", "mutagenesis"))
    assert "all exams passed" in text(chromium, f"{good} .side") and "completeness" in text(chromium, f"{good} .side")
    assert "FAILED" in text(chromium, f"{bad} .side") and chromium.ask(
        f"document.querySelector('{bad}').classList.contains('failed')"
    )
    assert chromium.ask(f"document.querySelector('{bad} svg text.bad').textContent") == "Mutagenesis: FAILED completeness"
    assert "FAILED completeness" in chromium.ask(f"document.querySelector('{bad} svg').getAttribute('aria-label')")
    assert chromium.ask(f"document.querySelector('{good} svg text.bad')") is None
    assert "FAILED completeness" in text(chromium, "[data-key=map0] + .side")
    assert "✗ FAILED" in text(chromium, "#methods")


def test_a_name_with_markup_is_text_and_is_found_by_address_search_and_list(at):
    chromium = at(f"#example={BAD.replace('&', '%26').replace(' ', '%20')}")
    assert text(chromium, "#name") == BAD
    assert text(chromium, "#list [aria-selected=true] .title") == BAD
    chromium.write("#seek", "IT'S <script>")
    assert chromium.ask("document.querySelectorAll('#list [data-row]').length") == 1
    assert "1 of 6 examples" in text(chromium, "#count")


def test_examples_are_filtered_and_ordered(at):
    chromium = at()

    def listed():
        return chromium.ask("[...document.querySelectorAll('#list [data-row]')].map((li) => +li.dataset.row)")

    def choose(name, value):
        chromium.ask(
            f"(() => {{ const s = document.getElementById('{name}'); s.value = '{value}'; s.dispatchEvent(new Event('change')); }})()"
        )

    assert listed() == [0, 1, 2, 3, 4, 5]
    choose("sort", "high")
    assert listed() == [3, 0, 5, 2, 1, 4]
    choose("sort", "wrong")
    assert listed()[:2] == [0, 1]
    choose("called", "wrong")
    assert listed() == [0, 1]
    choose("class", "yes")
    assert listed() == [1]
    assert "class=yes" in settled(chromium) and "called=wrong" in settled(chromium)
    assert text(at("#class=yes&called=wrong"), "#count").startswith("1 of 6 examples")


def test_clicks_keys_and_addresses_lead_from_example_to_example(at, page):
    chromium = at("#example=one1")
    chromium.click("#after")
    assert text(chromium, "#name") == "one2" and "example=one2" in settled(chromium)
    chromium.click("#list [data-row='3']")
    assert text(chromium, "#name") == "one3"
    chromium.press("ArrowUp")
    chromium.press("ArrowUp")
    assert text(chromium, "#name") == "one1"
    chromium.ask("document.getElementById('tracks').focus()")
    chromium.press("PageDown")
    assert text(chromium, "#name") == "one2" and "example=one2" in settled(chromium)
    chromium.ask("location.hash = '#example=one5&method=grad_cam'")
    chromium.wait("document.getElementById('name').textContent === 'one5'")
    assert chromium.ask("document.querySelectorAll('.track[data-method]').length") == 1
    chromium.ask("history.back()")
    chromium.wait("document.getElementById('name').textContent === 'one2'")


def test_mouse_and_keys_zoom_and_move(at):
    chromium = at("#method=mutagenesis&from=1&to=40")
    plot = "[data-key='own/mutagenesis/0']"

    def view():
        return chromium.ask("[explorer.state.from, explorer.state.to]")

    chromium.wheel(plot, -100, control=True)
    chromium.wait("explorer.state.to - explorer.state.from < 40")
    first = view()
    chromium.drag(plot, 0.6, 0.4)
    assert view()[0] > first[0] and view()[1] - view()[0] == first[1] - first[0]
    moved = view()
    chromium.ask("document.getElementById('tracks').focus()")
    chromium.press("ArrowLeft")
    assert view()[0] < moved[0]
    chromium.press("+")
    assert view()[1] - view()[0] < moved[1] - moved[0]
    assert f"from={view()[0] + 1}&to={view()[1]}" in settled(chromium)
    chromium.press("0")
    assert view() == [0, 40]
    chromium.drag("#overview", 0.5, 0.8)
    low, high = view()
    assert low > 10 and high < 40 and high - low >= 10
    chromium.click("#whole")
    assert view() == [0, 40]


def test_a_place_is_read_out(at, held):
    chromium = at("#example=one2&from=1&to=40&place=12&map=1")
    said = text(chromium, "#readout")
    own = held.contributions("integrated_gradients", "yes")[2, 11]
    assert "place 12" in said and "chr1 2,512" in said and f"Integrated gradients {own:+.2g}".replace("-", "−") in said
    assert "motif SPI1 <i> (-)" in said and "put there" in said
    chromium.ask("document.getElementById('tracks').focus()")
    chromium.press("]")
    assert "place 13" in text(chromium, "#readout") and "place=13" in settled(chromium)


def test_motif_hits_variants_and_substitutions_are_drawn(at, held):
    chromium = at("#example=one2&from=1&to=40&map=1&method=mutagenesis")
    assert chromium.ask("[...document.querySelectorAll('[data-hit]')].map((g) => g.dataset.hit)") == ["pos_1"]
    assert chromium.ask("[...document.querySelectorAll('[data-variant]')].map((g) => g.dataset.variant)") == ["2506"]
    assert "SPI1" in text(chromium, "#tables") and "A>C" in text(chromium, "#tables") and "−2.0" in text(chromium, "#tables")
    change = chromium.ask("Array.from(explorer.changes('yes', 2, 0))")
    full = held.found["mutagenesis"]["yes"][2]
    own = np.take_along_axis(full, np.minimum(held.sequence[2], 3)[:, None].astype(int), 1)
    expected = np.where(held.sequence[2][:, None] < 4, full - own, 0)
    assert np.reshape(change, (40, 4)) == pytest.approx(expected, abs=float(np.abs(expected).max()) / 250)
    cells = "[...document.querySelectorAll('[data-key=map0] [data-level]')].reduce((n, p) => n + p.getAttribute('d').split('M').length - 1, 0)"
    assert chromium.ask(cells) == (np.abs(change) >= np.abs(change).max() / 24).sum()
    chromium.click("#tables button[data-from='10']")
    assert "from=" in settled(chromium)


def test_an_address_that_names_what_is_not_here_says_so_and_shows_the_usual(at):
    chromium = at("#example=nobody&method=magic&from=x&to=-4&scale=odd")
    assert text(chromium, "#name") == "one0"
    assert all(words in text(chromium, "#trouble") for words in ("example nobody", "method magic", "scale odd"))


def test_it_works_embedded_without_an_address_of_its_own(chromium, page):
    url = "data:text/html;charset=utf-8;base64," + base64.b64encode(page.read_bytes()).decode()
    chromium.open(f"{url}#example=one3", READY)
    assert text(chromium, "#name") == "one3"
    chromium.click("#after")
    time.sleep(0.3)
    assert text(chromium, "#name") == BAD and chromium.errors == []


KINDS = [("multiclass", {}), ("multilabel", {}), ("regression", {"genome": False}), ("profile", {}), ("binary", {"pair": True})]
KINDS += [("positions", {}), ("binary", {"n": 1}), ("binary", {"length": 2400}), ("positions", {"length": 3000, "n": 3})]


@pytest.mark.parametrize("kind, own", KINDS, ids=lambda v: "-".join(map(str, v.items())) if isinstance(v, dict) else v)
def test_every_kind_of_outcome_is_shown(chromium, tmp_path, kind, own):
    held = explored.made(kind, **own)
    (tmp_path / "page.html").write_text(builder.page(held, explored.exams(*explored.METHODS)), encoding="utf-8")
    url = (tmp_path / "page.html").as_uri()
    chromium.open(f"{url}#head={held.heads[-1]}&map=1", READY)
    windows = 2 if own.get("pair") else 1
    assert text(chromium, "#name") == "one0" and chromium.ask("document.querySelectorAll('.track.failed').length") == 3 * windows
    assert "Every attribution method failed" in text(chromium, "main")
    for window in range(windows):
        letters = drawn(chromium, f"own/mutagenesis/{window}")
        places = held.sequence.shape[1] // windows
        sequence = held.sequence[0, window * places : (window + 1) * places]
        assert letters and all(base == "ACGT"[sequence[place]] for place, base, _ in letters)
    chromium.click("#whole")
    assert chromium.ask("explorer.state.to") == held.sequence.shape[1] // windows
    if kind == "positions":
        place = int(held.at[held.heads[-1]][0])
        assert f"{place + 1:,}" in text(chromium, "#facts") and not chromium.ask("document.querySelector('.cursor.at').hidden")
    chromium.click("#after") if len(held) > 1 else None
    assert text(chromium, "#name") == ("one1" if len(held) > 1 else "one0")
    assert chromium.errors == [] and chromium.asked == [url]
