import { hash } from 'node:crypto'
import type { SinkFilter, SinkSettings } from '../session/sink_settings.ts'
import { projected } from './projected.ts'
import type { Item } from './sender.ts'
import type { ShippedLine } from './shipped_line.ts'
import { shippingEvent } from './shipping_event.ts'

export function passes(line: ShippedLine, { events, targets, classes, minSeverity, alertsFor }: SinkFilter): boolean {
  if (line.severity < minSeverity) return false
  if (alertsFor !== undefined && line.channels?.includes(alertsFor) === false) return false
  if (classes.length > 0 && !classes.includes(line.class)) return false
  if (targets.length > 0 && (line.target === null || !targets.some((one) => fits(one, line.target ?? '')))) return false
  return events.length === 0 || events.some((one) => fits(one, line.code))
}

/** The record in the sink's format; in pieces where it is larger than the sink takes. */
export function itemsOf(line: ShippedLine, format: SinkSettings['format'], maxItemBytes: number): Item[] {
  const { uid, sequence, time, code, severity } = line
  const text = projected(line.text, format)
  const bytes = format === 'ocsf' ? line.bytes : Buffer.byteLength(text)
  const head = { uid, sequence, time, code, severity }
  if (bytes <= maxItemBytes) return [{ ...head, text }]
  return pieces(line, format, maxItemBytes).map((piece, index, { length: count }) => ({
    ...head,
    text: piece,
    piece: { index, count },
  }))
}

/**
 * Records with parts of the line in `raw_data`: one after the other they are the line byte by byte, whatever the format
 * is. All have the uid of the record.
 */
function pieces(line: ShippedLine, format: SinkSettings['format'], maxItemBytes: number): string[] {
  for (let size = Math.floor(maxItemBytes / 2); size >= 1; size = Math.floor(size / 2)) {
    const made = piecesOf(line, format, size)
    if (made.every((text) => Buffer.byteLength(text) <= maxItemBytes)) return made
  }
  // No sink takes so little: the schema of the configuration asks for a kilobyte.
  return piecesOf(line, format, 1)
}

function piecesOf(line: ShippedLine, format: SinkSettings['format'], size: number): string[] {
  const { uid, code, sequence, time, severity, text } = line
  const parts = partsOf(text, size)
  const sha256 = hash('sha256', text, 'hex')
  return parts.map((raw, index) =>
    projected(
      shippingEvent({
        ...{ uid, code, sequence, time, severity, raw },
        message: `part ${index + 1} of ${parts.length} of a record`,
        own: { piece: { index, count: parts.length, sha256 } },
      }),
      format,
    ),
  )
}

/** Of at most `size` UTF-16 units each, never between the two of one character. */
function partsOf(text: string, size: number): string[] {
  const parts: string[] = []
  for (let from = 0; from < text.length; ) {
    let to = Math.min(text.length, from + Math.max(size, 2))
    const last = text.charCodeAt(to - 1)
    if (to < text.length && last >= 0xd800 && last <= 0xdbff) to--
    parts.push(text.slice(from, to))
    from = to
  }
  return parts
}

function fits(pattern: string, value: string): boolean {
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern
}
