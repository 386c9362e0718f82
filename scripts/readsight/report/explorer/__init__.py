"""The page on which a reader goes through a task's sequences: one HTML file that needs nothing but itself.

`page.html` is its frame, `page.css` its look beside `readsight.report.html_page`, and the `.js` files, one after another, its program. Numbers
travel as whole ones of two bytes or one, with a scale a sequence (`encoding`); `builder.build_page` puts all together.
"""
