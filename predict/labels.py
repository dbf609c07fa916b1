"""The four labels of a block, the fine codes that readers assign, and the colour of each label in all outputs."""

LABELS = ("article_content", "comment_form", "promo_teaser", "site_chrome")

CODES = {
    "H": "article_content",  # title, standfirst and headings of the page's own main content
    "T": "article_content",  # the main content itself
    "F": "comment_form",  # furniture of a comment section
    "U": "comment_form",  # a reader's comment
    "P": "promo_teaser",  # promotion of something other than this page's content
    "M": "site_chrome",  # facts about the content: byline, date, tags
    "N": "site_chrome",  # what runs the site: menus, footer, notices
    "X": "site_chrome",  # debris
}

# Okabe-Ito palette, told apart by colour-blind readers (https://jfly.uni-koeln.de/color/).
COLOURS = {
    "article_content": "#009e73",
    "comment_form": "#0072b2",
    "promo_teaser": "#d55e00",
    "site_chrome": "#7f7f7f",
}
