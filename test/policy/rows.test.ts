import { describe, expect, it } from 'vitest'
import type { Given, RelationUse, StatementFacts } from '../../src/sql/facts.ts'
import { allowed, inputOf, refused, relation, scopeRule, statement, use } from './build.ts'

/** Writes to a table of which the grant covers the rows of one city. */

const boats = relation('boats', ['id', 'city', 'name', 'port'], {
  constrained: ['id', 'port', 'name'],
  compared: ['id', 'port'],
})
const verbs = ['read', 'insert', 'update', 'delete'] as const
const scope = [scopeRule({ verbs, where: [{ column: 'city', op: 'in', value: ['Ost', 'West'] }] })]

function write(
  kind: 'insert' | 'update' | 'delete',
  given: Readonly<Record<string, readonly Given[]>>,
  over: Partial<RelationUse> = {},
  more: Partial<StatementFacts> = {},
) {
  const columns = Object.fromEntries(Object.keys(given).map((name) => [name, 'written' as const]))
  const target = use(boats, columns, {
    role: 'target',
    fixed: 'target',
    given: new Map(Object.entries(given)),
    alone: true,
    ...over,
  })
  const facts = statement({ kind, verbs: [kind], uses: [target], plainRows: true, hasWhere: true, ...more })
  return { relations: [boats], statements: [facts], role: { scope } }
}

describe('a table limited to some rows', () => {
  it.each([
    ['a row of the scope', write('insert', { city: ['Ost', 'West'], name: [undefined] })],
    ['an update beside the condition', write('update', { name: [undefined] })],
    ['an update within the condition', write('update', { city: ['West'] })],
    ['a removal', write('delete', {})],
    ['rows picked by key', write('delete', {}, {}, { plainRows: false })],
  ])('takes %s', (_name, given) => {
    expect(allowed(given).plans[0]!.substitutions.size).toBe(given.statements[0]!.kind === 'insert' ? 0 : 1)
  })

  it.each([
    ['a row of elsewhere', write('insert', { city: ['Ost', 'Nord'] })],
    ['a row without the column', write('insert', { name: ['x'] })],
    ['a row of a parameter', write('insert', { city: [undefined] })],
    ['NULL', write('insert', { city: [null] })],
    ['a key that may be taken', write('insert', { city: ['Ost'], id: ['5'] })],
    ['a reference that may not exist', write('update', { port: [undefined] })],
    ['a move', write('update', { city: [undefined] })],
    ['ON CONFLICT', write('insert', { city: ['Ost'] }, { conflict: true })],
    [
      'rows chosen by a joined table and an expression',
      write('update', { name: ['x'] }, { alone: false }, { plainRows: false }),
    ],
  ])('refuses %s', (_name, given) => {
    expect(refused(given).code).toBe('SP-SCOPE')
  })

  it('is written under the names of the target', () => {
    const where = allowed(write('delete', {}, { alias: 'b', hasAlias: true })).plans[0]!.substitutions.get(0)!.where
    expect(where).toBe(`("b"."city" OPERATOR(pg_catalog.=) 'Ost' OR "b"."city" OPERATOR(pg_catalog.=) 'West')`)
  })

  it('is sampled from by nobody, and locked by plain comparisons', () => {
    const read = (over: Partial<RelationUse>, plain: boolean) => {
      const facts = statement({
        uses: [use(boats, { id: 'computed' }, over)],
        plain,
        verbs: over.locked ? ['read', 'update'] : ['read'],
      })
      return { relations: [boats], statements: [facts], role: { scope } }
    }
    expect(refused(read({ sample: { start: 0, end: 1 } }, true)).code).toBe('SP-SCOPE')
    expect(refused(read({ locked: true }, false)).code).toBe('SP-SCOPE')
    expect(allowed(read({ locked: true }, true)).plans[0]!.substitutions.get(0)).toMatchObject({ plain: true })
    expect(allowed(read({}, false)).plans[0]!.substitutions.get(0)!.plain).toBeUndefined()
  })
})

describe('the verb explain', () => {
  const explain = (plain: boolean, costs: boolean, verb: 'explain' | 'read') => {
    const uses = [use(boats, { id: 'computed' })]
    const bare = { analyze: false, verbose: false, timing: false, summary: false, settings: false, buffers: false }
    const rest = { wal: false, memory: false, genericPlan: false, serialize: 'none', format: 'text' } as const
    const inner = statement({ uses, plain })
    const facts = statement({
      kind: 'explain',
      verbs: ['read'],
      uses,
      plain,
      inner,
      explain: { ...bare, ...rest, costs },
    })
    return inputOf({ relations: [boats], statements: [facts], role: { scope: [scopeRule({ verbs: [verb] })] } })
  }

  it('covers a plan without estimates of comparisons that tell nothing', async () => {
    const { decide } = await import('../../src/policy/decide.ts')
    const effects = [
      explain(true, false, 'explain'),
      explain(true, true, 'explain'),
      explain(false, false, 'explain'),
      explain(false, true, 'read'),
    ]
    expect(effects.map((input) => decide(input).effect)).toEqual(['allow', 'deny', 'deny', 'allow'])
  })
})
