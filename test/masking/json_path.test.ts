import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonPath } from '../../src/masking/json_path_syntax.ts'
import { compileMask } from '../../src/masking/mask.ts'
import type { JsonRule, MaskRule } from '../../src/masking/rule.ts'

const utf8 = new TextEncoder()
const key = new Uint8Array(32).fill(1)
const REDACT: JsonRule = { strategy: 'redact', text: 'X' }
const EMAIL: JsonRule = { strategy: 'email' }
const KEEP: JsonRule = { strategy: 'keep' }
const NULL: JsonRule = { strategy: 'null' }

function rule(paths: Readonly<Record<string, JsonRule>>, rest: 'keep' | 'drop' = 'keep'): MaskRule {
  return {
    strategy: 'json_path',
    paths: Object.entries(paths).map(([path, inner]) => ({ path, rule: inner })),
    default: rest,
  }
}

function mask(given: MaskRule, value: string): string | null {
  const masked = compileMask(given, { dialect: 'postgres', typeOid: 114, format: 'text' })(utf8.encode(value))
  return masked && new TextDecoder().decode(masked)
}

describe('json_path', () => {
  it.each<[Readonly<Record<string, JsonRule>>, 'keep' | 'drop', string, string | null]>([
    [{ '$.a': REDACT }, 'keep', '{"a": "s", "b": 1.50}', '{"a": "X", "b": 1.50}'],
    [{ '$.a': REDACT }, 'drop', '{"a": "s", "b": 1}', '{"a": "X"}'],
    [{ '$.a': REDACT }, 'keep', '{"\\u0061":1,"a":{"x":2},"A":3}', '{"\\u0061": "X", "a": "X", "A": 3}'],
    [
      { '$.p[*].mail': EMAIL },
      'keep',
      '{"p":[{"mail":"alice@x.test"},{"mail":null},3]}',
      '{"p": [{"mail": "a***@***.test"}, {"mail": null}, 3]}',
    ],
    [{ '$.p[1]': NULL }, 'keep', '{"p":[1,2,3]}', '{"p": [1, null, 3]}'],
    [{ '$.*.x': REDACT }, 'keep', '{"a":{"x":1},"b":{"y":[1, 2]}}', '{"a": {"x": "X"}, "b": {"y": [1, 2]}}'],
    [{ '$["a b"]': REDACT }, 'keep', '{"a b":1}', '{"a b": "X"}'],
    [{ $: NULL }, 'keep', '{"a":1}', 'null'],
    [{ '$.a.b': REDACT, '$.a': KEEP }, 'drop', '{"a":{"b":1,"c":2},"d":3}', '{"a": {"b": "X", "c": 2}}'],
    [{ '$.a': KEEP }, 'drop', '{"b":1}', '{}'],
    [{ '$.a': KEEP }, 'drop', '"secret"', null],
    [{ '$.a': EMAIL }, 'keep', '{"a":["alice@x.test"]}', '{"a": null}'],
    [{ '$.a': EMAIL }, 'keep', '{"a":true}', '{"a": null}'],
    [{ '$.a': { strategy: 'bucket', width: 10, unit: null } }, 'keep', '{"a":17}', '{"a": 10}'],
    [{ '$.a': { strategy: 'bucket', width: 10, unit: null } }, 'keep', '{"a":1e5}', '{"a": null}'],
    [
      { '$.a': { strategy: 'partial', keepFirst: 1, keepLast: 0, fill: '"' } },
      'keep',
      '{"a":"x\\ny"}',
      '{"a": "x\\"\\""}',
    ],
    [{ '$.a': REDACT }, 'keep', '[1, {"a": 2}]', '[1, {"a": 2}]'],
    [{ '$.a': REDACT }, 'keep', '{"a":1', null],
    [{ '$.a': REDACT }, 'keep', '{"a":1} x', null],
    [{ '$.a': REDACT }, 'keep', '{"a" 1}', null],
    [{ '$.a': REDACT }, 'keep', '', null],
  ])('%j, %s: %s gives %s', (paths, rest, value, expected) => {
    expect(mask(rule(paths, rest), value)).toBe(expected)
  })

  it('a token of a number is a string, alike for like numbers', () => {
    const given = rule({ '$.a[*]': { strategy: 'token', keyId: 'k', key, prefix: 't_' } })
    const [one, two, three] = JSON.parse(mask(given, '{"a":[12,12,"12"]}') ?? '').a
    expect(one).toMatch(/^t_/)
    expect([two, three]).toEqual([one, one])
  })

  it('is JSON for any JSON, with everything but what the path names as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, secret) => {
        const shown = mask(rule({ '$.hidden': REDACT }), JSON.stringify({ kept: value, hidden: secret }))
        expect(JSON.parse(shown ?? '')).toEqual({ kept: JSON.parse(JSON.stringify(value)), hidden: 'X' })
      }),
    )
  })

  it('jsonb in binary keeps its version byte; another version is NULL', () => {
    const masker = compileMask(rule({ '$.a': REDACT }), { dialect: 'postgres', typeOid: 3802, format: 'binary' })
    expect(Buffer.from(masker(utf8.encode('\u0001{"a": 1}')) ?? []).toString()).toBe('\u0001{"a": "X"}')
    expect(masker(utf8.encode('\u0002{"a": 1}'))).toBeNull()
  })
})

describe('parseJsonPath', () => {
  it.each(['', 'a', '.a', '$a', '$.', '$..a', '$[', '$[-1]', "$['a']", '$[?(@.a)]', '$.a b', '$["a]'])(
    'refuses %s',
    (path) => {
      expect(parseJsonPath(path)).toBeNull()
    },
  )
})
