"""The interactive page of a task's sequences: one self-contained HTML file.

`page.html` is its frame, `page.css` its style in addition to `readsight.report.html_page`, and the `.js` files, concatenated,
its program. Arrays are quantised to one or two bytes per number with a scale per sequence (`encoding`); `builder.build_page`
assembles the page.
"""
