"""HTML pages: text never becomes markup, and no external resources are loaded."""

import re
from html.parser import HTMLParser

from readsight.report import html_page


class HtmlTree(HTMLParser):
    """Checks that every element is closed in order, and collects the shown text."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.names = [], [], []

    def handle_starttag(self, name, attributes):
        self.names.append(name)
        if name not in ("meta", "br", "circle", "line"):
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.text.append(data)


def parse_html(html: str) -> HtmlTree:
    tree = HtmlTree()
    tree.feed(html)
    assert not tree.open
    return tree


def test_text_is_shown_and_never_becomes_markup():
    text = "<script>alert('x')</script> & \"q\""
    html = html_page.render_page(
        text,
        text,
        html_page.render_table([text], [[text]]),
        html_page.render_details(text, text),
        html_page.render_box("note", text),
        html_page.render_state("good", text),
    )
    tree = parse_html(html)
    assert tree.names.count("script") == 1
    assert "".join(tree.text).count(text) == 9


def test_page_loads_no_external_resources():
    html = html_page.render_page("Title", "Lead.", html_page.render_table(["a"], [["b"]]))
    assert not re.search(r"(src|href)=|url\(|@import|https?:", html)


def test_numbers_align_right_and_sort_by_value():
    html = html_page.render_table(["name", "count"], [["a", 12345], ["b", ("1.2 million", 1_200_000)]])
    assert "12,345" in html and 'data-sort="12345"' in html and 'data-sort="1200000"' in html
    assert html.count('<td class="number"') == 2


def test_state_has_icon_and_label():
    shown = [re.sub("<[^>]+>", "", html_page.render_state(kind, "word")) for kind in ("good", "warn", "bad", "none")]
    assert len(set(shown)) == 4 and all(text.endswith(" word") for text in shown)
