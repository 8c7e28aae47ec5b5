/**
 * The report's style sheet. System fonts only: nothing is loaded. One column of prose, figures that line up, two hues:
 * native and guest. Colours are checked for contrast 4.5:1 on their paper in both schemes.
 */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --panel: #f5f3ee; --ink: #1d2126; --muted: #646a72; --rule: #e4e0d7; --stem: #cfc9bc;
  --guest: #b8472a; --native: #2f6690; --caution: #8a5a00;
  --serif: Charter, 'Bitstream Charter', 'Sitka Text', Cambria, 'Noto Serif', Georgia, serif;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, sans-serif;
  --mono: ui-monospace, 'Cascadia Code', 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --panel: #1c2025; --ink: #e9e6df; --muted: #9ba1a9; --rule: #2b3037; --stem: #3d444d;
    --guest: #ee8a68; --native: #7db4dc; --caution: #e0b05c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 400 1rem/1.6 var(--sans); font-variant-numeric: tabular-nums;
}
main, footer { max-width: 51.5rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding: 3.5rem 0 0; }
.eyebrow { margin: 0 0 1rem; color: var(--muted); font-size: .875rem; }
.eyebrow b { color: var(--ink); font-weight: 600; }
h1 {
  margin: 0; font: 400 clamp(1.6rem, 1.15rem + 2vw, 2.35rem)/1.25 var(--serif);
  letter-spacing: -.01em; text-wrap: balance;
}
h2 { margin: 4rem 0 1rem; font: 400 1.5rem/1.3 var(--serif); letter-spacing: -.005em; }
h3 { margin: 2.25rem 0 .75rem; font-size: 1rem; font-weight: 600; line-height: 1.4; }
p { margin: 0 0 1rem; max-width: 42rem; }
p.note { margin: .9rem 0 0; color: var(--muted); font-size: .875rem; }
nav { margin-top: 3rem; color: var(--muted); font-size: .875rem; } nav a { color: var(--native); margin-left: .6rem; }
figure { margin: 2.5rem 0 0; }
figure svg { display: block; max-width: 100%; height: auto; font-family: var(--sans); overflow: visible; }
figure .narrow { display: none; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1.25rem 1.5rem; }
.panels p { margin: 0 0 .25rem; font-weight: 600; font-size: .8125rem; }
.panels > div { break-inside: avoid; min-width: 0; }
figure + .scroll { margin-top: 1.75rem; }
figure + .scroll + details { margin-top: 0; }
figcaption { margin-top: .75rem; color: var(--muted); font-size: .875rem; line-height: 1.5; max-width: 42rem; }
.legend { white-space: nowrap; }
.key { display: inline-block; width: .6em; height: .6em; border-radius: 50%; margin: 0 .3em .05em 0; background: currentColor; }
.key, .findings li::before { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.key.native { color: var(--native); } .key.guest { color: var(--guest); }
.key.hollow { background: none; border: 1.5px solid var(--muted); }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; line-height: 1.4; }
caption { text-align: left; color: var(--muted); font-size: .875rem; padding-bottom: .5rem; }
th, td { padding: .6rem 0 .6rem 1.25rem; text-align: right; vertical-align: baseline; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
thead th { color: var(--muted); font-weight: 400; font-size: .8125rem; border-bottom-color: var(--stem); white-space: nowrap; }
tbody th { font-weight: 500; }
th button { all: unset; cursor: pointer; } th button:focus-visible { outline: 2px solid var(--native); outline-offset: 2px; }
th[aria-sort] button { color: var(--ink); }
th[aria-sort='ascending'] button::after { content: ' ↑'; } th[aria-sort='descending'] button::after { content: ' ↓'; }
td small, th small { font-weight: 400; color: var(--muted); font-size: .8125rem; white-space: nowrap; }
table.stack tbody th { min-width: 9rem; } table.stack td, table.stack thead th { padding-left: 1rem; }
table.stack th:first-child { padding-left: 0; } table.stack thead th { white-space: normal; }
td.strong { font-weight: 600; }
table.facts td, table.facts th { text-align: left; }
table.facts tbody th { color: var(--muted); font-weight: 400; }
table.facts td { overflow-wrap: anywhere; }
.findings { list-style: none; margin: 0; padding: 0; max-width: 42rem; }
.findings li { position: relative; padding-left: 1.5rem; margin: 0 0 1rem; overflow-wrap: break-word; }
.findings li::before { content: ''; position: absolute; left: 0; top: .6em; width: .5rem; height: .5rem; border-radius: 50%; background: var(--stem); }
.findings li.caution::before { background: none; border: 2px solid var(--caution); }
.doubt { margin: 1rem 0 0; }
.mark { color: var(--caution); font-weight: 600; }
code, pre { font-family: var(--mono); font-size: .85em; }
pre { background: var(--panel); padding: 1rem 1.125rem; border-radius: .375rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.55; margin: 0 0 1rem; font-size: .8125rem; }
pre code { font-size: inherit; }
details + details { margin-top: 0; }
details { margin-top: 2rem; border-top: 1px solid var(--rule); }
details:last-of-type { border-bottom: 1px solid var(--rule); }
summary { cursor: pointer; padding: .8rem 0; font-weight: 500; }
summary:focus-visible { outline: 2px solid var(--native); outline-offset: 2px; }
.scroll { overflow-x: auto; margin-bottom: 1.5rem; }
@media screen and (min-width: 54rem) {
  .scroll { position: relative; left: 50%; translate: -50%; width: max-content; min-width: 100%; max-width: calc(100vw - 4rem); }
  .scroll.machines { width: auto; }
}
.scroll table { font-size: .8125rem; white-space: nowrap; }
.scroll thead th { white-space: normal; vertical-align: bottom; }
.scroll td:last-child { white-space: normal; min-width: 7rem; }
.scroll tbody th { white-space: normal; min-width: 8rem; }
.scroll th, .scroll td { padding: .35rem 0 .35rem 1rem; }
.scroll th:first-child, .scroll td:first-child { padding-left: 0; }
.scroll table.ingredients { white-space: normal; }
.ingredients tbody th { width: 8.5rem; }
.machines table { white-space: normal; font-size: .875rem; table-layout: fixed; }
.machines thead th:first-child { width: 8.5rem; }
footer { padding-top: 4rem; padding-bottom: 3rem; color: var(--muted); font-size: .8125rem; }
@media (max-width: 44rem) {
  header { padding-top: 2rem; }
  h2 { margin-top: 3rem; }
  figure .wide { display: none; }
  figure .narrow { display: block; }
  table.stack thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  table.stack, table.stack tbody, table.stack tr, table.stack th, table.stack td { display: block; width: auto; }
  table.stack tr { padding: .75rem 0; border-bottom: 1px solid var(--rule); }
  table.stack th, table.stack td { border: 0; padding: .1rem 0; text-align: left; }
  table.stack td { display: flex; justify-content: space-between; gap: 1rem; text-align: right; }
  table.stack td::before { content: attr(data-label); color: var(--muted); text-align: left; flex: none; }
  table.stack tbody th { font-weight: 600; padding-bottom: .25rem; width: auto; color: var(--ink); }
  .scroll td:last-child { min-width: 15rem; }
  .sortable tbody th { position: sticky; left: 0; background: var(--paper); }
  .machines tr { display: flex; flex-wrap: wrap; border-bottom: 1px solid var(--rule); padding: .35rem 0; }
  .machines th, .machines td { border: 0; padding: .1rem 0; flex: 1 0 7rem; }
  .machines td + td, .machines th + th ~ th { padding-left: .75rem; }
  .machines tbody th { flex: 0 0 100%; }
  .machines thead th:first-child { display: none; }
  .machines .many thead { display: none; }
  .machines .many td { flex: 0 0 100%; display: flex; gap: .75rem; }
  .machines .many td + td { padding-left: 0; }
  .machines .many td::before { content: attr(data-label); color: var(--muted); flex: 0 0 7rem; overflow-wrap: anywhere; }
}
@page { margin: 16mm 15mm; }
@media print {
  :root {
    --paper: #fff; --panel: #f5f5f5; --ink: #000; --muted: #555; --rule: #ddd; --stem: #bbb;
    --guest: #b8472a; --native: #2f6690; --caution: #8a5a00;
  }
  body { font-size: 10.5pt; }
  main, footer { max-width: none; padding: 0; }
  header { padding-top: 0; }
  figure .wide { display: block; }
  figure .narrow { display: none; }
  h2, h3 { break-after: avoid; }
  nav { display: none; }
  figure .wide, tr, li, pre { break-inside: avoid; }
  figcaption { break-before: avoid; }
  details.data::details-content { content-visibility: visible; display: block; block-size: auto; }
  .panels { display: grid; grid-template-columns: 1fr 1fr; }
  .scroll { overflow: visible; }
  .scroll table { white-space: normal; font-size: 8pt; }
  .scroll th, .scroll td { padding-left: .5rem; }
  .scroll thead th { white-space: normal; font-size: 7.5pt; }
  .scroll tbody th { min-width: 5rem; } .scroll td:last-child { min-width: 0; }
  .machines table { font-size: 9pt; }
  .scroll table:has(thead th:nth-child(9)) { font-size: 6.5pt; }
  .scroll table:has(thead th:nth-child(9)) :is(th, td):not(:first-child) { padding-left: .25rem; font-size: inherit; }
}
`
