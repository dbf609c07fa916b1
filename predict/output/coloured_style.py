"""The style sheet of a page in colours, also used by ``review``."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1b1b; --quiet: #5c5c5c; --line: #d9d9d9; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181a; --ink: #e8e6e3; --quiet: #a8a8a8; --line: #3c3f42; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 1rem 3rem; max-width: 58rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 1.5rem 0 .25rem; font-size: 1.25rem; }
h1 ~ p { margin: 0; color: var(--quiet); font-size: .875rem; }
ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0 0 1rem; padding: .5rem 0; list-style: none;
  position: sticky; top: 0; z-index: 1; background: var(--paper); border-bottom: 1px solid var(--line);
  font-size: .875rem; }
li { padding-left: .5rem; border-left: .4rem solid var(--colour); }
li label { display: flex; align-items: center; gap: .4em; cursor: pointer; }
li input { margin: 0; width: 1rem; height: 1rem; accent-color: var(--colour); }
li span { color: var(--quiet); }
:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
.block { display: grid; grid-template-columns: minmax(0, 1fr) 9rem; column-gap: 1rem; margin: .3rem 0;
  padding: .35rem .75rem; border-left: .4rem solid var(--colour); background: var(--tint); print-color-adjust: exact; }
.wrong { outline: 1px dashed var(--ink); }
.block:hover, .block:focus-within, .block:target { outline: 2px solid var(--colour); }
.block, .article * { scroll-margin-top: 4rem; }
.text { white-space: pre-wrap; tab-size: 4; }
.pre { font-family: ui-monospace, monospace; }
.tag { font-size: .75rem; line-height: 2; text-align: right; }
.tag a { color: inherit; text-decoration: none; }
.tag b { font-weight: 600; visibility: hidden; }
.block:hover b, .block:focus-within b { visibility: visible; }
.tag em { display: block; margin-bottom: .25rem; padding: 0 .4em; border: 2px solid var(--colour);
  background: var(--paper); font-style: normal; font-weight: 600; line-height: 1.5; }
.article { margin-top: 1.5rem; border-top: 1px solid var(--line); }
.article summary { padding: .35rem 0; font-weight: 600; cursor: pointer; }
.article :is(p, h2, h3, h4, h5, h6) { position: relative; padding-inline-start: 1.5rem; }
.article p { margin: 0 0 .75rem; line-height: 1.6; }
.article :is(h2, h3, h4, h5, h6) { margin: 1.25rem 0 .5rem; font-size: 1.0625rem; line-height: 1.3; }
.article h2 { font-size: 1.375rem; }
.article a { position: absolute; inset-inline-start: 0; width: 1.25rem; color: var(--quiet); text-decoration: none; }
.article a::before { content: "#"; font-size: 1rem; font-weight: 400; }
.article :target { background: var(--tint); }
@media (hover: none) { .tag b { visibility: visible; } }
@media (min-width: 70rem) {
  body:has(.article) { max-width: 96rem; }
  .columns:has([open]) { display: grid; grid-template-columns: minmax(0, 6fr) minmax(0, 5fr); gap: 2rem; }
  .article { align-self: start; margin: 0; border: 0; }
  .article[open] { position: sticky; top: 3.25rem; max-height: calc(100vh - 4rem); overflow: auto; }
}
@media (max-width: 40rem) {
  ul { position: static; }
  .block { display: flex; flex-direction: column-reverse; padding: .1rem .6rem .35rem; }
  .tag { text-align: left; }
}
"""
EACH_LABEL = """\
.{label} {{ --colour: {colour}; --tint: {colour}26; }}
body:has(#show-{label}:not(:checked)) .block.{label} {{ display: none; }}
"""
