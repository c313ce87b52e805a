import { hash } from 'node:crypto'
import { PAGE_SCRIPT } from './page_script.ts'
import { PAGE_STYLE } from './page_style.ts'
import type { Playback, PlayedStatement, Shown } from './playback.ts'
import { printable, printableLines } from './printable.ts'
import { factsOf, leftOutText, parameterMark, warningOf } from './screen_text.ts'

/** Names of facts whose values are ids. */
const CODES: ReadonlySet<string> = new Set(['Grant', 'Recording', 'SHA-256'])

/**
 * One page that holds all of a recording and needs nothing else: its policy lets it fetch nothing, and run no script but
 * its own. What was recorded stands in it as JSON alone.
 */
export function htmlPageOf(playback: Playback): string {
  const { head } = playback
  const title = printable(`${head.person.email ?? head.person.subject} on ${head.target}`)
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${hash('sha256', PAGE_STYLE, 'base64')}'`,
    `script-src 'sha256-${hash('sha256', PAGE_SCRIPT, 'base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)} · session recording</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${headerOf(playback, title)}
<main>
<nav aria-label="Statements">
<div class="find"><label class="visually-hidden" for="search">Search</label>
<input id="search" type="search" placeholder="Search statements and results" autocomplete="off" spellcheck="false">
<p id="hits" role="status"></p></div>
<ol id="statements"></ol>
</nav>
<section id="view" tabindex="0" aria-label="What the client saw"></section>
</main>
<footer>
<div class="track"><div class="ticks" id="ticks" aria-hidden="true"></div>
<input id="range" type="range" min="0" max="10000" value="0" aria-label="Position in the session"></div>
<div class="controls">
<button class="play" id="play" type="button">Play</button>
<button class="ghost" id="previous" type="button">← Previous</button>
<button class="ghost" id="next" type="button">Next →</button>
<span class="clock" id="clock"></span>
<label>Speed <select id="speed"><option value="0.5">0.5×</option><option value="1" selected>1×</option><option value="2">2×</option><option value="4">4×</option><option value="16">16×</option></select></label>
<label><input id="idle" type="checkbox" checked> skip idle time</label>
<span class="spacer"></span>
<span class="keys"><kbd>space</kbd> play · <kbd>←</kbd> <kbd>→</kbd> statement · <kbd>/</kbd> search</span>
</div>
</footer>
<script type="application/json" id="recording">${jsonInMarkup(contentOf(playback))}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`
}

function headerOf(playback: Playback, title: string): string {
  const { wholeness } = playback
  const [style, word] = wholeness.state === 'whole' ? ['good', 'whole'] : ['bad', wholeness.state]
  const facts = factsOf(playback).map(([name, value]) => {
    const code = CODES.has(name) ? ' class="code"' : ''
    return `<div><dt>${escaped(name)}</dt><dd${code}>${escaped(printable(value))}</dd></div>`
  })
  const warning = warningOf(playback)
  return `<header>
<div class="title"><h1>${escaped(title)}</h1><span class="badge ${style}">${word}</span>
<span class="badge plain">${playback.head.protocol === 'mysql' ? 'MySQL' : 'PostgreSQL'}</span><span class="spacer"></span>
<button class="ghost" id="theme" type="button">Dark</button></div>
<dl>${facts.join('')}</dl>
${warning === null ? '' : `<p class="warning" role="alert">${escaped(warning)}</p>`}
</header>`
}

/** What the script of the page reads. */
function contentOf({ head, statements, end }: Playback) {
  let number = 0
  const numbered = statements.map((one) => ({ ...statementOf(one), number: one.id === null ? 0 : ++number }))
  const times = statements.flatMap(({ at, shown, outcome }) => [at, ...shown.map((one) => one.at), outcome?.at ?? 0])
  const duration = times.reduce((latest, at) => Math.max(latest, at), end?.at ?? 0)
  const ended = end === null ? null : { at: end.at, cause: printable(end.cause) }
  const mark = parameterMark(head)
  return { started: head.started, duration, count: number, mark, statements: numbered, end: ended }
}

function statementOf(one: PlayedStatement) {
  const { at, id, allowed, outcome, masked, clear, statementKind } = one
  return {
    ...{ at, id, allowed, outcome, kind: statementKind },
    code: one.code,
    reason: text(one.reason),
    text: text(one.text),
    parameters: one.parameters?.map((value) => (value === null ? null : text(value))) ?? null,
    masked: masked.map(printable),
    clear: clear.map(printable),
    shown: one.shown.map(shownOf),
  }
}

function shownOf(shown: Shown) {
  if (shown.kind === 'message') return { ...shown, text: text(shown.text) }
  const { columns, rows, leftOut } = shown
  return {
    ...shown,
    columns: columns.map(({ name, number }) => ({ name: printable(name), number })),
    rows: rows.map((row) => row.map((cell) => (cell === null ? null : text(cell)))),
    leftOut: leftOut && { ...leftOut, text: leftOutText(leftOut) },
  }
}

/** Lines stay lines; nothing else in it acts. */
function text(recorded: string): string {
  return printableLines(recorded).join('\n')
}

/** Inside of a script element only `<` could begin something. */
function jsonInMarkup(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

function escaped(plain: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return plain.replace(/[&<>"']/g, (char) => names[char] ?? '')
}
