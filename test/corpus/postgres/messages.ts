import type { ClientMessage } from '../../../src/wire/postgres/client.ts'

/** Messages of the extended protocol, short enough for a table. */

const encode = (text: string) => new TextEncoder().encode(text)
export const sync: ClientMessage = { kind: 'sync' }
export const flush: ClientMessage = { kind: 'flush' }
export const parse = (text: string, name = '', parameterTypes: readonly number[] = []): ClientMessage => ({
  kind: 'parse',
  name,
  text,
  parameterTypes,
})
export const bind = (
  statement = '',
  portal = '',
  values: readonly (string | null)[] = [],
  resultFormats: readonly (0 | 1)[] = [],
): ClientMessage => ({
  kind: 'bind',
  portal,
  statement,
  parameterFormats: [],
  values: values.map((value) => (value === null ? null : encode(value))),
  resultFormats,
})
export const execute = (portal = '', maxRows = 0): ClientMessage => ({ kind: 'execute', portal, maxRows })
export const describe = (target: 'statement' | 'portal', name = ''): ClientMessage => ({
  kind: 'describe',
  target,
  name,
})
export const close = (target: 'statement' | 'portal', name = ''): ClientMessage => ({ kind: 'close', target, name })
export const query = (text: string): ClientMessage => ({ kind: 'query', text })
export const run = (text: string, values: readonly (string | null)[] = [], formats: readonly (0 | 1)[] = []) =>
  [parse(text), bind('', '', values, formats), describe('portal'), execute(), sync] as const
