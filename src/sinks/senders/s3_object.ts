import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip, zstdCompress } from 'node:zlib'
import type { S3Settings } from '../../session/sink_settings_remote.ts'
import type { Item } from '../sender.ts'

/** An object as it is written: the records of one day and a range of the log. */
export interface BatchObject {
  readonly key: string
  readonly body: Uint8Array
  /** Base64, of the body as it is stored. */
  readonly sha256: string
  readonly contentType: string
}

const SEQUENCE_DIGITS = 20
/** Of the records themselves: the same batch has the same name, whatever version of a library compresses it. */
const NAME_DIGEST_CHARACTERS = 16
const EXTENSIONS = { gzip: '.ndjson.gz', zstd: '.ndjson.zst', none: '.ndjson' } as const
const TYPES = { gzip: 'application/gzip', zstd: 'application/zstd', none: 'application/x-ndjson' } as const
const gzipped = promisify(gzip)
const zstandard = promisify(zstdCompress)

/** One object for each day (UTC) of the records. */
export function itemsByDay(items: readonly Item[]): readonly (readonly Item[])[] {
  return [...Map.groupBy(items, ({ time }) => dayOf(time)).values()]
}

/** The same items give the same object. */
export async function batchObject(
  items: readonly Item[],
  { prefix, compress }: Pick<S3Settings, 'prefix' | 'compress'>,
): Promise<BatchObject> {
  const text = items.map((item) => `${item.text}\n`).join('')
  const digest = hash('sha256', text, 'hex').slice(0, NAME_DIGEST_CHARACTERS)
  const sequences = items.map(({ sequence }) => sequence)
  const range = `${digits(sequences.reduce(smaller))}-${digits(sequences.reduce(larger))}`
  const day = dayOf(items[0]?.time ?? 0)
  const body = await compressed(text, compress)
  return {
    key: `${prefix}${day}/${range}-${digest}${EXTENSIONS[compress]}`,
    body,
    sha256: hash('sha256', body, 'base64'),
    contentType: TYPES[compress],
  }
}

async function compressed(text: string, how: S3Settings['compress']): Promise<Uint8Array> {
  const bytes = Buffer.from(text)
  if (how === 'none') return bytes
  return how === 'gzip' ? await gzipped(bytes) : await zstandard(bytes)
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10).replaceAll('-', '/')
}

function digits(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, '0')
}

function smaller(a: number, b: number): number {
  return Math.min(a, b)
}

function larger(a: number, b: number): number {
  return Math.max(a, b)
}
