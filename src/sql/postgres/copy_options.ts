import type { CopyFacts } from '../facts.ts'
import { list, names, opaque, open, refuse } from './node.ts'
import { booleanOption, hasValue, type Option, textOption } from './option_value.ts'

type Direction = CopyFacts['direction']
type Format = CopyFacts['format']

/** What COPY says of the shape of its data, without the query. */
export type CopyShape = Omit<CopyFacts, 'query'>

/** Every option of COPY in PostgreSQL 15 to 18 (copy.c, ProcessCopyOptions). Another one is refused. */
const OPTIONS: ReadonlySet<string> = new Set([
  'format',
  'freeze',
  'delimiter',
  'null',
  'default',
  'header',
  'quote',
  'escape',
  'force_quote',
  'force_not_null',
  'force_null',
  'encoding',
  'on_error',
  'log_verbosity',
  'reject_limit',
])

/** Options that only one direction or one format knows. */
const FROM_ONLY = ['freeze', 'default', 'force_not_null', 'force_null', 'on_error', 'reject_limit'] as const
const CSV_ONLY = ['quote', 'escape', 'force_quote', 'force_not_null', 'force_null'] as const
const NOT_BINARY = ['delimiter', 'null', 'default', 'header'] as const

/** Bytes that stand for something else in the text format. */
const TEXT_RESERVED = '\\.abcdefghijklmnopqrstuvwxyz0123456789'

/**
 * The options as the server takes them, with its defaults. What it would refuse is refused here too, since the data of
 * COPY TO may be made without it.
 */
export function copyShape(options: readonly Option[], direction: Direction): CopyShape {
  const given = new Map(options.map((option) => [option.name, option]))
  if (given.size !== options.length) invalid('an option stands twice')
  for (const name of given.keys()) if (!OPTIONS.has(name)) invalid(`the option ${name} is not known`)
  const text = (name: string, fallback: string) => {
    const option = given.get(name)
    return option === undefined ? fallback : textOption(option)
  }
  const format = formatOf(text('format', 'text'))
  checkPlaces(given, direction, format)
  checkEncoding(given.get('encoding'))
  const quote = text('quote', '"')
  const header = headerOf(given.get('header'), direction)
  const shape = {
    direction,
    format,
    header,
    delimiter: text('delimiter', format === 'csv' ? ',' : '\t'),
    quote,
    escape: text('escape', quote),
    nullText: text('null', format === 'csv' ? '' : '\\N'),
    forceQuote: forceQuoteOf(given.get('force_quote')),
  }
  checkValues(shape)
  return shape
}

function formatOf(name: string): Format {
  return name === 'text' || name === 'csv' || name === 'binary' ? name : invalid(`the format ${name} is not known`)
}

function checkPlaces(given: ReadonlyMap<string, Option>, direction: Direction, format: Format): void {
  const wrong = [
    ...(direction === 'to' ? FROM_ONLY : (['force_quote'] as const)),
    ...(format === 'csv' ? [] : CSV_ONLY),
    ...(format === 'binary' ? NOT_BINARY : []),
  ].find((name) => given.has(name) && !saysNothing(given.get(name)!, direction))
  if (wrong !== undefined) invalid(`${wrong.toUpperCase()} can't be used in this COPY`)
}

/** FREEZE false and HEADER false are allowed everywhere. */
function saysNothing(option: Option, direction: Direction): boolean {
  if (option.name === 'freeze') return !booleanOption(option)
  return option.name === 'header' && !headerOf(option, direction)
}

/** Text goes to and from the server in UTF-8 alone. */
function checkEncoding(option: Option | undefined): void {
  if (option === undefined) return
  const name = textOption(option)
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  if (plain !== 'utf8' && plain !== 'unicode') opaque(`COPY in the encoding ${name} is not offered: use UTF8`)
}

/** MATCH checks the names of the columns that come in. */
function headerOf(option: Option | undefined, direction: Direction): boolean {
  if (option === undefined) return false
  if (hasValue(option.body) && open(option.body.arg).tag === 'String' && textOption(option).toLowerCase() === 'match') {
    return direction === 'from' || invalid("HEADER MATCH can't be used in COPY TO")
  }
  return booleanOption(option)
}

function forceQuoteOf(option: Option | undefined): CopyFacts['forceQuote'] {
  if (option === undefined) return []
  const value = open(option.body.arg)
  if (value.tag === 'A_Star') return 'all'
  if (value.tag !== 'List') invalid('FORCE_QUOTE takes a list of columns')
  return list(value.body, 'items').length === 0 ? [] : names(value.body, 'items')
}

function checkValues(shape: CopyShape): void {
  const { format, delimiter, quote, nullText } = shape
  if (format === 'binary') return
  if (!isByte(delimiter) || '\r\n'.includes(delimiter)) invalid('the delimiter is one byte, and no end of line')
  if (/[\r\n]/.test(nullText)) invalid('the text of NULL holds no end of line')
  if (nullText.includes(delimiter)) invalid('the delimiter stands in the text of NULL')
  if (format === 'text' && TEXT_RESERVED.includes(delimiter)) invalid(`the delimiter can't be "${delimiter}"`)
  if (format !== 'csv') return
  if (!isByte(quote) || !isByte(shape.escape)) invalid('quote and escape are one byte each')
  if (quote === delimiter) invalid('the delimiter and the quote differ')
  if (nullText.includes(quote)) invalid('the quote stands in the text of NULL')
}

function isByte(text: string): boolean {
  return text.length === 1 && text.charCodeAt(0) < 0x80
}

function invalid(reason: string): never {
  return refuse('SP-SYNTAX', `COPY: ${reason}`)
}
