import { describe, expect, it } from 'vitest'
import { type Relation, relationKey } from '../../src/sql/catalog.ts'
import { STATUS } from '../../src/wire/mysql/server-status.ts'
import { catalogOf, roleOf, type World, worldOf } from './fixture.ts'
import { client, execute, failed, ok, prepare, prepared, query, server, story } from './mysql_story.ts'

const UPDATE = 'UPDATE orders SET total = 1 WHERE id < 9'
const SENT = /^> 3 UPDATE .*orders.* SET total = 1 WHERE id < 9$/
const OPEN = STATUS.autocommit | STATUS.inTransaction
const careful = (): World => worldOf('mysql', roleOf({ maxRowsChanged: 3 }))
const write = (rows: number, status = OPEN) => server(ok({ rows, status }))

describe('a write whose rows are limited', () => {
  it('stays in a transaction of the proxy’s own until they are counted', () => {
    const lines = story([client(query(UPDATE)), server(ok({ status: OPEN })), write(3), server(ok())], careful)
    expect(lines.slice(0, 2)).toEqual(['record allow update', '> 3 START TRANSACTION'])
    expect(lines[2]).toMatch(SENT)
    expect(lines.slice(3)).toEqual(['> 3 COMMIT', 'note ok update rows 3', '< 1 ok'])
  })

  it('is rolled back over the limit, and the session goes on', () => {
    const steps = [client(query(UPDATE)), server(ok({ status: OPEN })), write(4), server(ok())]
    const lines = story([...steps, client({ kind: 'ping' }), server(ok())], careful)
    expect(lines.slice(3)).toEqual([
      '> 3 ROLLBACK',
      'note withheld 1226 update rows 0',
      '< 1 error 1226 SP-LIMIT-WRITE',
      '> e',
      '< 1 ok',
    ])
  })

  it('is undone to a savepoint inside of the client’s transaction', () => {
    const begun = [client(query('BEGIN')), server(ok({ status: OPEN })), client(query(UPDATE))]
    const kept = story([...begun, server(ok({ status: OPEN })), write(1), server(ok({ status: OPEN }))], careful)
    expect(kept.filter((line) => line.startsWith('>')).map((line) => line.slice(4, 22))).toEqual([
      'BEGIN',
      'SAVEPOINT sallypor',
      'UPDATE `shop`.`ord',
      'RELEASE SAVEPOINT ',
    ])
    const undone = story([...begun, server(ok({ status: OPEN })), write(9), server(ok({ status: OPEN }))], careful)
    expect(undone.slice(-3)).toEqual([
      '> 3 ROLLBACK TO SAVEPOINT sallyport_write',
      'note withheld 1226 update rows 0',
      '< 1 error 1226 SP-LIMIT-WRITE',
    ])
  })

  it('is undone to a savepoint without autocommit, too', () => {
    const off = [client(query('SET autocommit = 0')), server(ok({ status: 0 })), client(query(UPDATE))]
    expect(story(off, careful).at(-1)).toBe('> 3 SAVEPOINT sallyport_write')
  })

  it('that fails by itself leaves no transaction behind, and says why', () => {
    const steps = [client(query(UPDATE)), server(ok({ status: OPEN })), server(failed(1205, 'lock wait')), server(ok())]
    expect(story(steps, careful).slice(-3)).toEqual([
      'note error 1205 update rows 0',
      '> 3 ROLLBACK',
      '< 1 error 1205 lock wait',
    ])
  })

  it('whose savepoint a deadlock took along still says what happened', () => {
    const begun = [client(query('BEGIN')), server(ok({ status: OPEN })), client(query(UPDATE))]
    const steps = [...begun, server(ok({ status: OPEN })), server(failed(1213, 'deadlock')), server(failed(1305, 'no'))]
    expect(story(steps, careful).at(-1)).toBe('< 1 error 1213 deadlock')
  })

  it('whose commit fails is no success', () => {
    const steps = [client(query(UPDATE)), server(ok({ status: OPEN })), write(1), server(failed(1180, 'commit'))]
    expect(story(steps, careful).slice(-2)).toEqual(['note error 2013 update rows 0', '< 1 error 2013 SP-UPSTREAM'])
  })

  it('that can not be undone ends the session', () => {
    const steps = [client(query(UPDATE)), server(ok({ status: OPEN })), write(9), server(failed(1180, 'rollback'))]
    expect(story(steps, careful).at(-1)).toBe('end SP-UPSTREAM')
  })

  it('does not run where the guard can not be opened', () => {
    const steps = [client(query(UPDATE)), server(failed(1568, 'no')), client({ kind: 'ping' }), server(ok())]
    expect(story(steps, careful)).toEqual([
      'record allow update',
      '> 3 START TRANSACTION',
      'note error 2013 update rows 0',
      '< 1 error 2013 SP-UPSTREAM',
      '> e',
      '< 1 ok',
    ])
  })

  it('is counted as an execution of a prepared statement', () => {
    const steps = [client(prepare(UPDATE)), server(prepared(0)), client(execute()), server(ok({ status: OPEN }))]
    expect(story([...steps, write(4), server(ok())], careful).slice(-5)).toEqual([
      '> 3 START TRANSACTION',
      '> 17 .',
      '> 3 ROLLBACK',
      'note withheld 1226 update rows 0',
      '< 1 error 1226 SP-LIMIT-WRITE',
    ])
  })

  it.each([`${UPDATE}; SELECT 1`, `SELECT 1; ${UPDATE}`])('does not run beside others: %s', (text) => {
    expect(story([client(query(text))], careful).at(-1)).toMatch(/^< 1 error .* SP-MULTI$/)
  })

  it('does not run on a table whose engine undoes nothing', () => {
    const world = (): World => {
      const { relations } = catalogOf('mysql')
      const key = relationKey('shop', 'orders')
      const { transactional: _, ...orders } = relations.get(key) as Relation
      const made = careful()
      made.catalog = { ...catalogOf('mysql', 'other'), relations: new Map([...relations, [key, orders]]) }
      return made
    }
    expect(story([client(query(UPDATE))], world).at(-1)).toMatch(/SP-VERB$/)
  })
})

describe('rows that the server writes to a file', () => {
  const text = "SELECT id FROM orders INTO OUTFILE '/tmp/x'"
  const exporter =
    (limits = {}) =>
    () => {
      const [rule] = roleOf().scope
      return worldOf('mysql', roleOf({ scope: rule ? [{ ...rule, verbs: ['read', 'export'] }] : [], limits }))
    }

  it('are counted by the server alone, so that a role with limits has none', () => {
    expect(story([client(query(text))], exporter()).at(-1)).toMatch(/^> 3 SELECT id FROM `shop`.`orders` INTO OUTFILE/)
    expect(story([client(query(text))], exporter({ maxRowsPerHour: 9 })).at(-1)).toMatch(/SP-EXPORT$/)
  })
})
