import { createReadStream } from 'node:fs'
import { SallyportError } from '../errors.ts'

type Print = (text: string) => void

/** Prints the last `count` records as text, or as they are. */
export async function tail(path: string, count: number, json: boolean, out: Print): Promise<number> {
  if (!Number.isSafeInteger(count) || count < 1) throw new SallyportError('SP-AUDIT', '--lines must be a whole number')
  const last: string[] = []
  for await (const line of linesOf(path)) {
    last.push(line)
    if (last.length > count) last.shift()
  }
  for (const line of last) out(`${json ? line : summary(line)}\n`)
  return 0
}

interface Shown {
  readonly time?: number
  readonly message?: string
  readonly status?: string
  readonly status_code?: string
  readonly metadata?: { readonly event_code?: string }
  readonly actor?: { readonly user?: { readonly name?: string } }
  readonly dst_endpoint?: { readonly svc_name?: string }
  readonly query_info?: { readonly query_string?: string }
}

/** Control characters of a statement could rewrite the reader's terminal: JSON quotes them. */
function summary(line: string): string {
  try {
    const record = JSON.parse(line) as Shown
    const time = new Date(record.time ?? 0).toISOString()
    const who = record.actor?.user?.name ?? '-'
    const result = record.status_code ?? record.status ?? '-'
    const what = record.query_info?.query_string ?? record.message ?? ''
    const fields = [record.metadata?.event_code ?? '-', who, record.dst_endpoint?.svc_name ?? '-', result, what]
    return `${time} ${fields.map((field) => quoted(String(field))).join(' ')}`
  } catch {
    return 'not a record'
  }
}

function quoted(text: string): string {
  const escaped = JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, '?')
  return /^[\w.@/:-]+$/.test(text) ? text : escaped
}

/** Splits at newlines alone: readline also splits at U+2028, which JSON lets stand in a text. `-`: standard input. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  try {
    const input = path === '-' ? process.stdin.setEncoding('utf8') : createReadStream(path, 'utf8')
    for await (const chunk of input as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch {
    throw new SallyportError('SP-AUDIT', `${path}: the file can't be read`)
  }
  if (rest !== '') yield rest
}
