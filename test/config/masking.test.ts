import { describe, expect, it } from 'vitest'
import { checkConfig, loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { configDir, secrets } from './config_dir.ts'

function masking(mask: string): Record<string, string> {
  const place = 'schemas: [app], tables: [users], columns: [c]'
  return { 'masking.yaml': `version: 1\nmasking:\n  keys: { k1: 'env:KEY' }\n  masks:\n    - {${place}, ${mask}}\n` }
}

async function problemsOf(mask: string): Promise<string[]> {
  const { problems } = await checkConfig(configDir(masking(mask)), secrets)
  return problems.map(formatProblem)
}

async function maskOf(mask: string) {
  const { masking: built } = await loadConfig(configDir(masking(mask)), secrets)
  return built.masks[0]
}

describe('masks that make no sense are refused at their line', () => {
  it.each([
    ['strategy: bucket, width: 0', 'width', 'expected number to be >=2'],
    ['strategy: bucket, width: -5', 'width', 'expected number to be >=2'],
    ['strategy: bucket, width: 1', 'width', 'expected number to be >=2'],
    ['strategy: bucket, width: 2.5', 'width', 'expected int'],
    ['strategy: bucket', 'width', 'a bucket needs a width, a unit or both'],
    ['strategy: date_trunc, unit: fortnight', 'unit', 'expected one of'],
    ['strategy: date_trunc', 'unit', 'expected one of'],
    ['strategy: date_shift, key: k9', 'key', 'unknown key k9'],
    ['strategy: date_shift, key: k1, maxDays: 0', 'maxDays', 'expected number to be >=1'],
    ['strategy: json_path', 'paths', 'expected array'],
    ['strategy: json_path, paths: []', 'paths', 'expected array to have >=1 items'],
    ['strategy: json_path, paths: [{path: a.b, strategy: email}]', 'paths/0/path', 'must be a path such as'],
    ['strategy: json_path, paths: [{path: $.a, strategy: hash, key: k9}]', 'paths/0/key', 'unknown key k9'],
    ['strategy: json_path, paths: [{path: $.a, strategy: date_trunc}]', 'paths/0/strategy', 'Invalid'],
    ['strategy: partial, keepFirst: 100000', 'keepFirst', 'expected number to be <=1000'],
    ['strategy: partial, fill: ""', 'fill', 'expected string to have >=1 characters'],
    ['strategy: redact, text: "a\\0b"', 'text', 'must hold no NUL character'],
    ['aggregate: {minGroup: 1}', 'aggregate/minGroup', 'expected number to be >=2'],
    ['predicates: equality, strategy: email', 'budgetPerHour', 'needs a budget'],
    ['budgetPerHour: 5, strategy: email', 'budgetPerHour', 'is for predicates: equality alone'],
    ['predicates: masked', 'strategy', 'is missing'],
  ])('%s', async (mask, path, message) => {
    const found = await problemsOf(mask)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(new RegExp(`^masking\\.yaml:\\d+: masking/masks/0/${path}: `))
    expect(found[0]).toContain(message)
  })
})

describe('masks of a class', () => {
  const FILE = `version: 1
classification:
  ids: { 1-4-2: pii.phone }
  columns:
    - { class: pii.email, columns: [email, e_mail], schemas: [shop] }
masking:
  masks:
    - { classes: ['pii.*'], strategy: email }
`

  it('need no other place, and are built with the classification', async () => {
    const { masking: built } = await loadConfig(configDir({ 'masking.yaml': FILE }), secrets)
    expect(built.masks[0]).toMatchObject({ classes: ['pii.*'], schemas: ['*'], tables: ['*'], columns: ['*'] })
    expect(built.classification?.ids.get('1-4-2')).toBe('pii.phone')
    expect(built.classification?.columns[0]).toMatchObject({ class: 'pii.email', schemas: ['shop'], targets: ['*'] })
  })

  it.each([
    ['columns: [email, e_mail], schemas: [shop] }', 'targets: [nowhere], columns: [email] }', 'unknown target nowhere'],
    ["classes: ['pii.*'], strategy", 'schemas: [shop], strategy', 'is missing'],
    ['1-4-2: pii.phone', '1-4: pii.phone', 'be an id such as 1-4-2'],
    ['class: pii.email', 'class: "PII email"', 'must be 1 to 63'],
  ])('are refused where they make no sense: %s -> %s', async (old, now, message) => {
    const { problems } = await checkConfig(configDir({ 'masking.yaml': FILE.replace(old, now) }), secrets)
    expect(problems.map(formatProblem).join()).toContain(message)
  })
})

describe('masks as the policy holds them', () => {
  it.each([
    ['strategy: bucket, width: 10', { strategy: 'bucket', width: 10, unit: null }],
    ['strategy: bucket, unit: year', { strategy: 'bucket', width: null, unit: 'year' }],
    ['strategy: date_trunc, unit: month', { strategy: 'date_trunc', unit: 'month' }],
    ['strategy: date_shift, key: k1', { strategy: 'date_shift', keyId: 'k1', maxDays: 30, scope: '' }],
    ['strategy: hash, key: k1, scope: people', { strategy: 'hash', keyId: 'k1', scope: 'people', length: 32 }],
    ['strategy: token, key: k1', { strategy: 'token', keyId: 'k1', scope: '', prefix: 'tok_' }],
  ])('%s', async (mask, rule) => {
    expect((await maskOf(mask))?.rule).toMatchObject(rule)
  })

  it('json_path with rules of its own', async () => {
    const paths = '[{path: "$.a[*].b", strategy: token, key: k1}, {path: $.c, strategy: keep}]'
    expect((await maskOf(`strategy: json_path, default: drop, paths: ${paths}`))?.rule).toMatchObject({
      strategy: 'json_path',
      default: 'drop',
      paths: [
        { path: '$.a[*].b', rule: { strategy: 'token', keyId: 'k1' } },
        { path: '$.c', rule: { strategy: 'keep' } },
      ],
    })
  })

  it('aggregate and predicates stand beside the strategy; aggregate alone is null', async () => {
    expect(await maskOf('aggregate: {minGroup: 5}')).toMatchObject({
      rule: { strategy: 'null' },
      aggregate: { minGroup: 5 },
    })
    const both = await maskOf('strategy: email, predicates: equality, budgetPerHour: 20')
    expect(both).toMatchObject({ rule: { strategy: 'email' }, equality: { budgetPerHour: 20 } })
    expect(await maskOf('strategy: email')).not.toHaveProperty('equality')
  })
})
