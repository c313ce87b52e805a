import { createHash } from 'node:crypto'

/** HTML that is safe to send: made by `html` alone. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | null | readonly Html[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Whatever is put in is text, and stays text; only what `html` itself made is markup. Null is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((made, piece, index) => made + piece + textOf(parts[index] ?? null), ''))
}

function textOf(part: Part): string {
  if (part === null) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(({ text }) => text).join('')
  return String(part).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
header{display:flex;justify-content:space-between;border-bottom:1px solid #d0d7de;margin-bottom:1.5rem}
header a{color:inherit;font-weight:600;text-decoration:none}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #eaeef2;vertical-align:top}
th{font-weight:600;white-space:nowrap}
pre{background:#f6f8fa;padding:.75rem;overflow:auto}
label{display:block;margin:.75rem 0 .25rem;font-weight:600}
input,select,textarea{font:inherit;padding:.4rem;width:100%;box-sizing:border-box;border:1px solid #8c959f;border-radius:4px}
button{font:inherit;padding:.45rem 1.1rem;margin:1rem .5rem 0 0;border:1px solid #1b1f24;border-radius:4px;background:#fff}
button.yes{background:#1a7f37;border-color:#1a7f37;color:#fff}
button.no{background:#cf222e;border-color:#cf222e;color:#fff}
.high{color:#cf222e}.medium{color:#9a6700}.note{color:#57606a}
`

/** No script at all; the one style is named by its hash, and forms go nowhere else. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`

export function page(title: string, person: string | null, content: Html): string {
  const who = person === null ? null : html`<span class="note">${person}</span>`
  return `<!doctype html>${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} - Sallyport</title>${new Html(`<style>${STYLE}</style>`)}</head><body><header><a href="/">Sallyport</a>${who}</header><main><h1>${title}</h1>${content}</main></body></html>`
      .text
  }`
}

export function table(heads: readonly string[], rows: readonly (readonly Part[])[]): Html {
  if (rows.length === 0) return html`<p class="note">Nothing.</p>`
  const head = heads.map((text) => html`<th>${text}</th>`)
  const body = rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)
  return html`<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`
}

/** Names and values, those that have one. */
export function facts(pairs: readonly (readonly [string, Part])[]): Html {
  const rows = pairs.filter(([, value]) => value !== null && value !== '')
  return html`<table>${rows.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}</table>`
}

export function when(time: number | null): string | null {
  return time === null ? null : `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

export function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} min`
}
