import { InvalidArgumentError } from 'commander'

/** What people type, as the API takes it. Each throws commander's error, which names the argument. */

const SPAN = /^(\d+)(s|m|h|d)$/
const MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `90m`, `2h`, `1h30m`: milliseconds. */
export function spanArgument(text: string): number {
  const parts = text.match(/\d+[smhd]/g) ?? []
  if (parts.length === 0 || parts.join('') !== text) throw new InvalidArgumentError('must be a time such as 90m or 2h')
  return parts.reduce((sum, part) => {
    const [, count = '0', unit = 's'] = SPAN.exec(part) ?? []
    return sum + Number(count) * MS[unit as keyof typeof MS]
  }, 0)
}

/** RFC 3339, or what `Date` reads as a local time: `2030-01-31 09:00`. */
export function timeArgument(text: string): string {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new InvalidArgumentError('must be a time such as 2030-01-31T09:00:00Z')
  return new Date(ms).toISOString()
}

export type Values = Readonly<Record<string, string | number | boolean>>

/** `name=value`, several times: `true` and `false`, whole numbers, else text; quote a text that looks like another. */
export function parameterArgument(text: string, before: Values = {}): Values {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('must be name=value')
  return { ...before, [text.slice(0, at)]: typed(text.slice(at + 1)) }
}

function typed(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  return /^".*"$/.test(text) ? text.slice(1, -1) : text
}

export function listArgument(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').filter((part) => part !== '')]
}

export function countArgument(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('must be a whole number')
  return Number(text)
}

/** `provider:id`; the id may hold colons. */
export function incidentArgument(text: string): { provider: string; id: string } {
  const at = text.indexOf(':')
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('must be provider:id, such as pagerduty:PABC123')
  return { provider: text.slice(0, at), id: text.slice(at + 1) }
}
