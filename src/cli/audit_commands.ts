import { createReadStream, statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type LogLine, linesBackwardIn } from '../auditlog/log_lines.ts'
import { LogReader } from '../auditlog/log_reader.ts'
import { SallyportError } from '../errors.ts'

type Print = (text: string) => void

export interface TailOptions {
  readonly lines: number
  readonly json: boolean
  /** Goes on with what is written from then on, until the process is ended. */
  readonly follow: boolean
}

const FOLLOW_EVERY_MS = 200
const FOLLOW_BYTES = 1_048_576

/** Prints the last records of a log (its directory), or of a file, as text or as they are. */
export async function tail(path: string, { lines: count, json, follow }: TailOptions, out: Print): Promise<number> {
  if (!Number.isSafeInteger(count) || count < 1) throw new SallyportError('SP-INPUT', '--lines must be a whole number')
  const print = (line: string) => out(`${json ? line : summary(line)}\n`)
  if (!isDirectory(path)) {
    if (follow) throw new SallyportError('SP-INPUT', '--follow needs the directory of a log')
    for (const line of await lastOf(path, count)) print(line)
    return 0
  }
  const last: LogLine[] = []
  for (const line of linesBackwardIn(path)) {
    if (last.push(line) === count) break
  }
  for (const { bytes } of last.reverse()) print(bytes.toString())
  if (!follow) return 0
  const reader = new LogReader(path, (last.at(-1)?.sequence ?? -1) + 1)
  for (;;) {
    for (const { bytes } of reader.read(FOLLOW_BYTES)) print(bytes.toString())
    await pause(FOLLOW_EVERY_MS)
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

async function lastOf(path: string, count: number): Promise<readonly string[]> {
  const last: string[] = []
  for await (const line of linesOf(path)) {
    last.push(line)
    if (last.length > count) last.shift()
  }
  return last
}

interface Shown {
  readonly time?: number
  readonly message?: string
  readonly status?: string
  readonly status_code?: string
  readonly metadata?: { readonly event_code?: string }
  readonly actor?: { readonly user?: { readonly name?: string } }
  readonly dst_endpoint?: { readonly svc_name?: string }
  readonly database?: { readonly uid?: string }
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
    const fields = [
      record.metadata?.event_code ?? '-',
      who,
      record.dst_endpoint?.svc_name ?? record.database?.uid ?? '-',
      result,
      what,
    ]
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
