"""Pages: nothing given can become markup, and nothing is fetched from elsewhere."""

import re
from html.parser import HTMLParser

from readsight.report import html_page


class Tree(HTMLParser):
    """Asks that every element is closed in its turn, and gathers what is shown."""

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


def parsed(html: str) -> Tree:
    tree = Tree()
    tree.feed(html)
    assert not tree.open
    return tree


def test_what_is_given_is_shown_and_never_becomes_markup():
    words = "<script>alert('x')</script> & \"q\""
    html = html_page.page(
        words,
        words,
        html_page.table([words], [[words]]),
        html_page.fold(words, words),
        html_page.box("note", words),
        html_page.state("good", words),
    )
    tree = parsed(html)
    assert tree.names.count("script") == 1
    assert "".join(tree.text).count(words) == 9


def test_a_page_needs_nothing_from_elsewhere():
    html = html_page.page("Title", "Lead.", html_page.table(["a"], [["b"]]))
    assert not re.search(r"(src|href)=|url\(|@import|https?:", html)


def test_numbers_stand_right_and_sort_by_value_not_by_what_is_shown():
    html = html_page.table(["name", "count"], [["a", 12345], ["b", ("1.2 million", 1_200_000)]])
    assert "12,345" in html and 'data-sort="12345"' in html and 'data-sort="1200000"' in html
    assert html.count('<td class="number"') == 2


def test_a_state_is_told_by_icon_and_word_as_well_as_by_colour():
    shown = [re.sub("<[^>]+>", "", html_page.state(kind, "word")) for kind in ("good", "warn", "bad", "none")]
    assert len(set(shown)) == 4 and all(text.endswith(" word") for text in shown)
