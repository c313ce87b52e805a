/** The style of the page: light and dark by what the reader's system says, or by its own button. */
export const PAGE_STYLE = `
:root {
  color-scheme: light;
  --bg: #f6f7f9; --panel: #ffffff; --raised: #fbfcfd; --line: #dfe3e8; --soft: #eef1f4;
  --text: #17202b; --dim: #5c6875; --accent: #0b63ce; --accent-soft: #e3eefc; --on-accent: #ffffff;
  --bad: #b3261e; --bad-soft: #fdecea; --warn: #8a5a00; --warn-soft: #fff4dc; --good: #1b6e3c; --good-soft: #e5f5ea;
  --keyword: #0b57b0; --string: #19713f; --number: #8a3b9c; --comment: #6c7783; --mark: #ffe58a; --mark-text: #17202b;
  --shadow: 0 1px 2px rgb(16 24 40 / 6%), 0 4px 16px rgb(16 24 40 / 5%);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif;
}
:root[data-theme="dark"] {
  color-scheme: dark;
  --bg: #0e1319; --panel: #151c24; --raised: #19222c; --line: #2a3541; --soft: #1e2832;
  --text: #e4eaf1; --dim: #94a3b3; --accent: #6cb0ff; --accent-soft: #17324f; --on-accent: #08131f;
  --bad: #ff8a80; --bad-soft: #3b1f1e; --warn: #f2c46d; --warn-soft: #362b14; --good: #7bd69b; --good-soft: #163324;
  --keyword: #7fb8ff; --string: #86d6a2; --number: #d6a3ea; --comment: #8494a4; --mark: #6b5a12; --mark-text: #fff6d6;
  --shadow: 0 1px 2px rgb(0 0 0 / 30%), 0 6px 20px rgb(0 0 0 / 25%);
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body {
  display: grid; grid-template-rows: auto minmax(0, 1fr) auto; height: 100vh; height: 100dvh;
  background: var(--bg); color: var(--text); font: 14px/1.5 var(--sans);
}
button, input, select { font: inherit; color: inherit; }
button { cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
header { background: var(--panel); border-bottom: 1px solid var(--line); padding: 14px 20px 12px; }
.title { display: flex; align-items: center; gap: 12px; flex-wrap: wrap; }
h1 { margin: 0; font-size: 17px; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
.title .spacer { flex: 1; }
.badge {
  display: inline-flex; align-items: center; gap: 6px; padding: 1px 9px; border-radius: 999px; font-size: 12px;
  font-weight: 600; border: 1px solid transparent; white-space: nowrap;
}
.badge.good { background: var(--good-soft); color: var(--good); }
.badge.bad { background: var(--bad-soft); color: var(--bad); }
.badge.warn { background: var(--warn-soft); color: var(--warn); }
.badge.plain { background: var(--soft); color: var(--dim); }
.ghost { background: none; border: 1px solid var(--line); border-radius: 8px; padding: 4px 10px; font-size: 13px; }
.ghost:hover { background: var(--soft); }
dl { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 8px 0 0; }
dl div { display: flex; gap: 7px; min-width: 0; max-width: 100%; }
dt { color: var(--dim); white-space: nowrap; }
dd { margin: 0; overflow-wrap: anywhere; }
dd.code { font-family: var(--mono); font-size: 12.5px; align-self: center; }
.warning {
  margin: 10px 0 0; padding: 8px 12px; border-radius: 8px; background: var(--bad-soft); color: var(--bad); font-weight: 550;
}
main { display: grid; grid-template-columns: minmax(270px, 340px) minmax(0, 1fr); min-height: 0; }
nav { display: flex; flex-direction: column; min-height: 0; border-right: 1px solid var(--line); background: var(--panel); }
.find { padding: 12px; border-bottom: 1px solid var(--line); }
.find input {
  width: 100%; padding: 7px 11px; border-radius: 8px; border: 1px solid var(--line); background: var(--bg);
}
.find p { margin: 6px 2px 0; color: var(--dim); font-size: 12px; }
ol { list-style: none; margin: 0; padding: 6px; overflow-y: auto; flex: 1; }
li button {
  display: grid; grid-template-columns: 34px minmax(0, 1fr); gap: 2px 8px; width: 100%; padding: 7px 9px; text-align: left;
  background: none; border: 0; border-radius: 8px; border-left: 3px solid transparent;
}
li button:hover { background: var(--soft); }
li button[aria-current="true"] { background: var(--accent-soft); border-left-color: var(--accent); }
li .number { color: var(--dim); font-variant-numeric: tabular-nums; text-align: right; font-size: 12px; padding-top: 1px; }
li .text { font-family: var(--mono); font-size: 12.5px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
li .meta { grid-column: 2; color: var(--dim); font-size: 12px; display: flex; gap: 8px; flex-wrap: wrap; }
li .meta .bad { color: var(--bad); font-weight: 600; }
li.later .text { color: var(--dim); }
section { overflow: auto; padding: 20px 24px 32px; }
article { max-width: 1400px; }
.head { display: flex; gap: 10px; align-items: center; flex-wrap: wrap; margin-bottom: 10px; color: var(--dim); font-size: 13px; }
.head strong { color: var(--text); font-size: 14px; }
pre.sql {
  margin: 0 0 14px; padding: 13px 16px; background: var(--panel); border: 1px solid var(--line); border-radius: 10px;
  font: 13px/1.6 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; box-shadow: var(--shadow); tab-size: 4;
}
.keyword { color: var(--keyword); font-weight: 600; } .string { color: var(--string); } .number-literal { color: var(--number); }
.comment { color: var(--comment); font-style: italic; }
mark { background: var(--mark); color: var(--mark-text); border-radius: 3px; padding: 0 1px; }
.chips { display: flex; flex-wrap: wrap; gap: 6px; margin: 0 0 10px; align-items: center; font-size: 12.5px; color: var(--dim); }
.chip { font-family: var(--mono); font-size: 12px; padding: 1px 8px; border-radius: 6px; background: var(--soft); color: var(--text); overflow-wrap: anywhere; }
.chip.masked { background: var(--good-soft); color: var(--good); }
.chip.clear { background: var(--warn-soft); color: var(--warn); }
.scroll {
  overflow: auto; max-height: 62vh; border: 1px solid var(--line); border-radius: 10px; background: var(--panel);
  box-shadow: var(--shadow); margin-bottom: 12px;
}
table { border-collapse: separate; border-spacing: 0; font-size: 13px; min-width: 100%; }
th {
  position: sticky; top: 0; background: var(--raised); text-align: left; font-weight: 600; white-space: nowrap;
  padding: 7px 13px; border-bottom: 1px solid var(--line);
}
td {
  padding: 5px 13px; border-bottom: 1px solid var(--soft); font: 12.5px/1.5 var(--mono); vertical-align: top;
  max-width: 560px; white-space: pre-wrap; overflow-wrap: anywhere;
}
tr:last-child td { border-bottom: 0; }
tbody tr:hover td { background: var(--soft); }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.null { color: var(--dim); font-style: italic; }
.message { margin: 0 0 10px; padding: 8px 13px; border-radius: 8px; font: 12.5px/1.55 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
.message.done { color: var(--dim); padding: 2px 0; }
.message.notice { background: var(--warn-soft); color: var(--warn); }
.message.error { background: var(--bad-soft); color: var(--bad); }
.more { margin: 0 0 12px; }
.waiting { color: var(--dim); font-style: italic; }
footer { background: var(--panel); border-top: 1px solid var(--line); padding: 10px 20px 12px; }
.controls { display: flex; align-items: center; gap: 12px; flex-wrap: wrap; }
.play { background: var(--accent); color: var(--on-accent); border: 0; border-radius: 8px; padding: 6px 0; width: 84px; font-weight: 600; }
.play:hover { filter: brightness(1.07); }
.clock { font-variant-numeric: tabular-nums; color: var(--dim); font-size: 13px; white-space: nowrap; }
.controls label { display: inline-flex; gap: 6px; align-items: center; color: var(--dim); font-size: 13px; white-space: nowrap; }
select { background: var(--bg); border: 1px solid var(--line); border-radius: 8px; padding: 4px 6px; }
.controls .spacer { flex: 1; }
.keys { color: var(--dim); font-size: 12px; }
kbd { font: 11px var(--mono); border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 5px; padding: 0 5px; background: var(--bg); }
.track { position: relative; margin: 0 0 8px; padding-top: 14px; }
.ticks { position: absolute; top: 0; left: 8px; right: 8px; height: 12px; pointer-events: none; }
.ticks i { position: absolute; bottom: 0; width: 3px; height: 8px; margin-left: -1px; border-radius: 2px; background: var(--dim); opacity: 0.6; }
.ticks i.bad { background: var(--bad); height: 12px; opacity: 1; }
.ticks i.current { background: var(--accent); height: 12px; opacity: 1; }
input[type="range"] { width: 100%; margin: 0; accent-color: var(--accent); height: 18px; }
@media (max-width: 760px) {
  body { height: auto; min-height: 100dvh; }
  main { grid-template-columns: 1fr; }
  nav { border-right: 0; max-height: 38vh; }
  footer { position: sticky; bottom: 0; }
  .keys { display: none; }
}
@media (prefers-reduced-motion: no-preference) { li button, .play, .ghost { transition: background 0.12s; } }
@media print { nav, footer, .ghost { display: none; } main { display: block; } }
`
