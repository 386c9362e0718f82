"""The explorer page in a browser: content, navigation by address, mouse and keys, and no network requests."""

import base64
import json
import time

import numpy as np
import pandas as pd
import pytest

import browser
import explored
from readsight.report.explorer import builder, tracks

pytestmark = pytest.mark.skipif(browser.find_chromium() is None, reason="no Chromium on PATH (envs/browser.sh installs it)")
READY = "document.body && (document.body.dataset.ready === 'yes' || document.querySelector('#trouble:not([hidden])'))"
BAD = 'it\'s <script>"one"</script> & so'


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    instance = browser.Browser(tmp_path_factory.mktemp("chromium"))
    yield instance
    instance.close()


@pytest.fixture(scope="module")
def example_set():
    examples = explored.build_attributions("binary", n=6, length=40)
    examples.metadata["example"][4] = BAD
    examples.score["yes"] = np.array(
        [2.0, -1.5, -0.5, 3.0, -2.5, 1.0]
    )  # labels no, yes, no, yes, …: the first and the second are wrong
    return examples


@pytest.fixture(scope="module")
def explorer_page(example_set, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    motif_hits = [("one2", 10, 19, "-", "pos_1", 9.5, 1.25), (BAD, 1, 8, "+", "pos_2", 8.0, -0.5)]
    pd.DataFrame(motif_hits, columns=tracks.HIT_COLUMNS).to_csv(folder / "hits.tsv", sep="\t", index=False)
    (folder / "motifs.tsv").write_text("motif\tmatch\npos_1\tSPI1 <i>\n")
    variants = [("chr1", 2506, "A", "C", -2.0), ("chr1", 1506, "AG", "A", 1.0)]
    pd.DataFrame(variants, columns=[*tracks.VARIANT_COLUMNS, "delta.yes"]).to_parquet(folder / "regulatory.parquet")
    files = (folder / "hits.tsv", folder / "motifs.tsv", [folder / "regulatory.parquet"])
    text = builder.build_page(example_set, explored.build_exams("mutagenesis"), explored.build_evaluation(), *files)
    (folder / "explore.html").write_text(text, encoding="utf-8")
    return folder / "explore.html"


@pytest.fixture
def open_page(chromium, explorer_page):
    """Opener of the page at an address; afterwards there must be no errors and no requests."""

    def open_at(hash=""):
        chromium.open_url(f"{explorer_page.as_uri()}{hash}", READY)
        return chromium

    yield open_at
    assert chromium.errors == []
    assert set(chromium.requests) == {explorer_page.as_uri()}


def read_text(chromium, selector):
    return chromium.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText")


def read_letters(chromium, key):
    """Letters of a track: position, base and height (negative for letters below the axis)."""
    script = f"""[...document.querySelectorAll('[data-key="{key}"] path[data-place]')].map((p) =>
      [+p.dataset.place, p.dataset.base, -p.transform.baseVal[0].matrix.d])"""
    return chromium.evaluate(script)


def read_address(chromium):
    """Fragment of the address after it has been updated."""
    time.sleep(0.3)
    return chromium.evaluate("decodeURIComponent(location.hash)")


def test_address_selects_example_method_and_view(open_page, example_set):
    chromium = open_page("#example=3&method=integrated_gradients&from=3&to=32")
    assert read_text(chromium, "#name") == "one2", "the third"
    assert chromium.evaluate("[...document.querySelectorAll('.track[data-method]')].map((t) => t.dataset.method)") == [
        "integrated_gradients"
    ]
    letters = read_letters(chromium, "contribution/integrated_gradients/0")
    assert [place for place, _, _ in letters] == list(range(2, 32))
    assert "".join(base for _, base, _ in letters) == "".join("ACGTN"[c] for c in example_set.sequence[2, 2:32])
    shown = "[...document.querySelectorAll('[data-key=ruler0] text.base')].map((t) => t.textContent).join('')"
    assert chromium.evaluate(shown) == "".join("ACGTN"[c] for c in example_set.sequence[2, 2:32])
    contributions = example_set.contributions("integrated_gradients", "yes")[2, 2:32]
    heights = np.array([height for _, _, height in letters])
    unit = heights[np.abs(contributions).argmax()] / contributions[np.abs(contributions).argmax()]
    assert unit > 0 and heights == pytest.approx(contributions * unit, abs=0.01), (
        "heights are proportional to contributions, with their sign"
    )


def test_values_survive_both_decompressions(open_page, example_set):
    chromium = open_page()
    for row, window in ((0, 0), (5, 0)):
        values = chromium.evaluate(f"Array.from(explorer.contributions('mutagenesis', 'yes', {row}, {window}))")
        assert values == pytest.approx(example_set.contributions("mutagenesis", "yes")[row], rel=1e-4, abs=1e-4)
    script = """(() => { const raw = atob(document.getElementById('block').textContent.trim()), given = Uint8Array.from(raw, (c) => c.charCodeAt(0));
      return new Blob([given]).stream().pipeThrough(new DecompressionStream('gzip')) })()"""
    script = f"""(async () => {{ const expected = new Uint8Array(await new Response({script}).arrayBuffer());
      const inflated = explorer.inflate(Uint8Array.from(atob(document.getElementById('block').textContent.trim()), (c) => c.charCodeAt(0)), expected.length);
      return expected.length === explorer.about.size && expected.every((v, i) => v === inflated[i]); }})()"""
    assert chromium.evaluate(script) is True


def test_failed_exams_are_marked_on_every_track(open_page):
    chromium = open_page("#method=integrated_gradients,mutagenesis&map=1")
    good, bad = (f".track[data-method={m}]" for m in ("integrated_gradients", "mutagenesis"))
    assert "all exams passed" in read_text(chromium, f"{good} .side") and "completeness" in read_text(chromium, f"{good} .side")
    assert "FAILED" in read_text(chromium, f"{bad} .side") and chromium.evaluate(
        f"document.querySelector('{bad}').classList.contains('failed')"
    )
    assert chromium.evaluate(f"document.querySelector('{bad} svg text.bad').textContent") == "Mutagenesis: FAILED completeness"
    assert "FAILED completeness" in chromium.evaluate(f"document.querySelector('{bad} svg').getAttribute('aria-label')")
    assert chromium.evaluate(f"document.querySelector('{good} svg text.bad')") is None
    assert "FAILED completeness" in read_text(chromium, "[data-key=map0] + .side")
    assert "✗ FAILED" in read_text(chromium, "#methods")


def test_names_with_markup_are_shown_as_text(open_page):
    chromium = open_page(f"#example={BAD.replace('&', '%26').replace(' ', '%20')}")
    assert read_text(chromium, "#name") == BAD
    assert read_text(chromium, "#list [aria-selected=true] .title") == BAD
    chromium.type_text("#seek", "IT'S <script>")
    assert chromium.evaluate("document.querySelectorAll('#list [data-row]').length") == 1
    assert "1 of 6 examples" in read_text(chromium, "#count")


def test_examples_are_filtered_and_ordered(open_page):
    chromium = open_page()

    def list_rows():
        return chromium.evaluate("[...document.querySelectorAll('#list [data-row]')].map((li) => +li.dataset.row)")

    def choose_option(name, value):
        chromium.evaluate(
            f"(() => {{ const s = document.getElementById('{name}'); s.value = '{value}'; s.dispatchEvent(new Event('change')); }})()"
        )

    assert list_rows() == [0, 1, 2, 3, 4, 5]
    choose_option("sort", "high")
    assert list_rows() == [3, 0, 5, 2, 1, 4]
    choose_option("sort", "wrong")
    assert list_rows()[:2] == [0, 1]
    choose_option("called", "wrong")
    assert list_rows() == [0, 1]
    choose_option("class", "yes")
    assert list_rows() == [1]
    assert "class=yes" in read_address(chromium) and "called=wrong" in read_address(chromium)
    assert read_text(open_page("#class=yes&called=wrong"), "#count").startswith("1 of 6 examples")


def test_clicks_keys_and_addresses_change_the_example(open_page, explorer_page):
    chromium = open_page("#example=one1")
    chromium.click_element("#after")
    assert read_text(chromium, "#name") == "one2" and "example=one2" in read_address(chromium)
    chromium.click_element("#list [data-row='3']")
    assert read_text(chromium, "#name") == "one3"
    chromium.press_key("ArrowUp")
    chromium.press_key("ArrowUp")
    assert read_text(chromium, "#name") == "one1"
    chromium.evaluate("document.getElementById('tracks').focus()")
    chromium.press_key("PageDown")
    assert read_text(chromium, "#name") == "one2" and "example=one2" in read_address(chromium)
    chromium.evaluate("location.hash = '#example=one5&method=grad_cam'")
    chromium.wait_until("document.getElementById('name').textContent === 'one5'")
    assert chromium.evaluate("document.querySelectorAll('.track[data-method]').length") == 1
    chromium.evaluate("history.back()")
    chromium.wait_until("document.getElementById('name').textContent === 'one2'")


def test_mouse_and_keys_zoom_and_move(open_page):
    chromium = open_page("#method=mutagenesis&from=1&to=40")
    plot = "[data-key='contribution/mutagenesis/0']"

    def read_view():
        return chromium.evaluate("[explorer.state.from, explorer.state.to]")

    chromium.turn_wheel(plot, -100, control=True)
    chromium.wait_until("explorer.state.to - explorer.state.from < 40")
    first = read_view()
    chromium.drag_across(plot, 0.6, 0.4)
    assert read_view()[0] > first[0] and read_view()[1] - read_view()[0] == first[1] - first[0]
    moved = read_view()
    chromium.evaluate("document.getElementById('tracks').focus()")
    chromium.press_key("ArrowLeft")
    assert read_view()[0] < moved[0]
    chromium.press_key("+")
    assert read_view()[1] - read_view()[0] < moved[1] - moved[0]
    assert f"from={read_view()[0] + 1}&to={read_view()[1]}" in read_address(chromium)
    chromium.press_key("0")
    assert read_view() == [0, 40]
    chromium.drag_across("#overview", 0.5, 0.8)
    low, high = read_view()
    assert low > 10 and high < 40 and high - low >= 10
    chromium.click_element("#whole")
    assert read_view() == [0, 40]


def test_position_readout_shows_contributions_and_motifs(open_page, example_set):
    chromium = open_page("#example=one2&from=1&to=40&place=12&map=1")
    readout = read_text(chromium, "#readout")
    contribution = example_set.contributions("integrated_gradients", "yes")[2, 11]
    assert (
        "position 12" in readout
        and "chr1 2,512" in readout
        and f"Integrated gradients {contribution:+.2g}".replace("-", "−") in readout
    )
    assert "motif SPI1 <i> (-)" in readout and "substituted" in readout
    chromium.evaluate("document.getElementById('tracks').focus()")
    chromium.press_key("]")
    assert "position 13" in read_text(chromium, "#readout") and "place=13" in read_address(chromium)


def test_motif_hits_variants_and_substitutions_are_drawn(open_page, example_set):
    chromium = open_page("#example=one2&from=1&to=40&map=1&method=mutagenesis")
    assert chromium.evaluate("[...document.querySelectorAll('[data-hit]')].map((g) => g.dataset.hit)") == ["pos_1"]
    assert chromium.evaluate("[...document.querySelectorAll('[data-variant]')].map((g) => g.dataset.variant)") == ["2506"]
    assert (
        "SPI1" in read_text(chromium, "#tables")
        and "A>C" in read_text(chromium, "#tables")
        and "−2.0" in read_text(chromium, "#tables")
    )
    change = chromium.evaluate("Array.from(explorer.changes('yes', 2, 0))")
    full = example_set.values["mutagenesis"]["yes"][2]
    reference = np.take_along_axis(full, np.minimum(example_set.sequence[2], 3)[:, None].astype(int), 1)
    expected = np.where(example_set.sequence[2][:, None] < 4, full - reference, 0)
    assert np.reshape(change, (40, 4)) == pytest.approx(expected, abs=float(np.abs(expected).max()) / 250)
    cells = "[...document.querySelectorAll('[data-key=map0] [data-level]')].reduce((n, p) => n + p.getAttribute('d').split('M').length - 1, 0)"
    assert chromium.evaluate(cells) == (np.abs(change) >= np.abs(change).max() / 24).sum()
    chromium.click_element("#tables button[data-from='10']")
    assert "from=" in read_address(chromium)


def test_invalid_address_is_reported_and_defaults_are_shown(open_page):
    chromium = open_page("#example=nobody&method=magic&from=x&to=-4&scale=odd")
    assert read_text(chromium, "#name") == "one0"
    assert all(phrase in read_text(chromium, "#trouble") for phrase in ("example nobody", "method magic", "scale odd"))


def test_page_works_as_a_data_url(chromium, explorer_page):
    url = "data:text/html;charset=utf-8;base64," + base64.b64encode(explorer_page.read_bytes()).decode()
    chromium.open_url(f"{url}#example=one3", READY)
    assert read_text(chromium, "#name") == "one3"
    chromium.click_element("#after")
    time.sleep(0.3)
    assert read_text(chromium, "#name") == BAD and chromium.errors == []


KINDS = [("multiclass", {}), ("multilabel", {}), ("regression", {"genome": False}), ("profile", {}), ("binary", {"pair": True})]
KINDS += [("positions", {}), ("binary", {"n": 1}), ("binary", {"length": 2400}), ("positions", {"length": 3000, "n": 3})]


@pytest.mark.parametrize("kind, options", KINDS, ids=lambda v: "-".join(map(str, v.items())) if isinstance(v, dict) else v)
def test_every_kind_of_outcome_is_shown(chromium, tmp_path, kind, options):
    examples = explored.build_attributions(kind, **options)
    (tmp_path / "page.html").write_text(builder.build_page(examples, explored.build_exams(*explored.METHODS)), encoding="utf-8")
    url = (tmp_path / "page.html").as_uri()
    chromium.open_url(f"{url}#head={examples.heads[-1]}&map=1", READY)
    windows = 2 if options.get("pair") else 1
    assert (
        read_text(chromium, "#name") == "one0"
        and chromium.evaluate("document.querySelectorAll('.track.failed').length") == 3 * windows
    )
    assert "Every attribution method failed" in read_text(chromium, "main")
    for window in range(windows):
        letters = read_letters(chromium, f"contribution/mutagenesis/{window}")
        length = examples.sequence.shape[1] // windows
        sequence = examples.sequence[0, window * length : (window + 1) * length]
        assert letters and all(base == "ACGT"[sequence[place]] for place, base, _ in letters)
    chromium.click_element("#whole")
    assert chromium.evaluate("explorer.state.to") == examples.sequence.shape[1] // windows
    if kind == "positions":
        place = int(examples.positions[examples.heads[-1]][0])
        assert f"{place + 1:,}" in read_text(chromium, "#facts") and not chromium.evaluate(
            "document.querySelector('.cursor.at').hidden"
        )
    chromium.click_element("#after") if len(examples) > 1 else None
    assert read_text(chromium, "#name") == ("one1" if len(examples) > 1 else "one0")
    assert chromium.errors == [] and chromium.requests == [url]
