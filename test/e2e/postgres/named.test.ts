import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'
import { auditOf } from './records.ts'
import { bind, cellsOf, errorOf, execute, kindsOf, parse, query, statusOf, sync, type Wire, wireOf } from './wire.ts'

/** PREPARE, EXECUTE and cursors by SQL, which share their names with the protocol's, with a real server. */

let stack: PostgresStack
let wire: Wire

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: CLUB_ROLES,
    masking: SHOWN_IN_PART,
    grants: usualGrants,
  })
  wire = await wireOf(stack, 'alice')
})
afterAll(() => {
  wire?.end()
  return stack?.stop()
})

const ask = async (text: string) => wire.ask(query(text))
const codeOf = async (text: string) => errorOf(await ask(text)).C
const CLEAR = /CANARY-/

async function all(texts: readonly string[]): Promise<void> {
  for (const text of texts) expect([text, errorOf(await ask(text)).M]).toEqual([text, undefined])
}

describe('a statement prepared by SQL', () => {
  it('runs masked by EXECUTE and by Bind, and by SQL where the protocol prepared it', async () => {
    await all(['PREPARE p(int) AS SELECT id, email FROM ONLY club.members WHERE id = $1'])
    const masked = [['1', 'C***@***.invalid']]
    expect(cellsOf(await ask('EXECUTE p(1)'))).toEqual(masked)
    expect(cellsOf(await wire.ask(bind('p', ['1']), execute(), sync))).toEqual(masked)
    expect(cellsOf(await wire.ask(parse('EXECUTE p(1)'), bind(), execute(), sync))).toEqual(masked)
    await wire.ask(parse('SELECT id, email FROM ONLY club.members WHERE id = $1', 'q'), sync)
    expect(cellsOf(await ask('EXECUTE q(1)'))).toEqual(masked)
    await all(['DEALLOCATE p', 'DEALLOCATE q'])
    expect([await codeOf('EXECUTE p(1)'), await codeOf('EXECUTE q(1)')]).toEqual(['26000', '26000'])
  })

  it('stays after a ROLLBACK, and computes from masked values', async () => {
    await all(['BEGIN', 'PREPARE r AS SELECT upper(phone) FROM ONLY club.members', 'ROLLBACK'])
    const answer = await ask('EXECUTE r')
    expect(JSON.stringify(cellsOf(answer))).not.toMatch(/CANARY-TEL-\d/)
    expect(cellsOf(answer).length).toBe(3)
    await all(['DEALLOCATE ALL'])
  })

  it.each([
    'EXPLAIN EXECUTE p',
    'CREATE TABLE club.stolen AS EXECUTE p',
    'PREPARE w AS SELECT * FROM vault.log',
    'PREPARE w AS SELECT pg_read_file($1)',
  ])('is no way around: %s', async (text) => {
    await all(['PREPARE p AS SELECT id, email FROM club.members'])
    expect(await codeOf(text)).toMatch(/^(42501|0A000|42P01)$/)
    await all(['DEALLOCATE p'])
  })
})

describe('a cursor by SQL', () => {
  it('gives masked rows, by FETCH, by Execute and in binary', async () => {
    await all(['BEGIN', 'DECLARE c SCROLL CURSOR FOR SELECT id, email FROM ONLY club.members ORDER BY id'])
    expect(cellsOf(await ask('FETCH 1 FROM c'))).toEqual([['1', 'C***@***.invalid']])
    expect(kindsOf(await ask('MOVE 1 IN c'))).toEqual(['commandComplete', 'readyForQuery'])
    expect(cellsOf(await wire.ask(execute(1, 'c'), sync))).toEqual([['3', 'C***@***.invalid']])
    expect(cellsOf(await ask('FETCH BACKWARD ALL FROM c')).length).toBe(2)
    expect(
      cellsOf(await wire.ask(parse('FETCH FIRST FROM c'), bind('', [], { binary: true }), execute(), sync)).length,
    ).toBe(1)
    await all(['CLOSE c', 'DECLARE b BINARY CURSOR FOR SELECT email, dues FROM ONLY club.members'])
    expect(JSON.stringify(cellsOf(await ask('FETCH ALL FROM b')))).not.toMatch(CLEAR)
    await all(['COMMIT'])
    expect(await codeOf('FETCH 1 FROM b')).toBe('34000')
  })

  it('WITH HOLD gives masked rows after its transaction, and none after ROLLBACK', async () => {
    await all(['DECLARE h CURSOR WITH HOLD FOR SELECT id, email FROM ONLY club.members ORDER BY id'])
    expect(cellsOf(await ask('FETCH 1 FROM h'))).toEqual([['1', 'C***@***.invalid']])
    await all(['CLOSE h', 'BEGIN', 'DECLARE h CURSOR WITH HOLD FOR SELECT id, email FROM club.members', 'ROLLBACK'])
    expect(await codeOf('FETCH 1 FROM h')).toBe('34000')
  })

  it('follows savepoints', async () => {
    await all([
      'BEGIN',
      'SAVEPOINT s',
      'DECLARE c CURSOR FOR SELECT id, name FROM club.boats',
      'ROLLBACK TO s',
      'DECLARE c CURSOR FOR SELECT id, email FROM ONLY club.members ORDER BY id',
    ])
    expect(cellsOf(await ask('FETCH c'))).toEqual([['1', 'C***@***.invalid']])
    await all(['ROLLBACK'])
  })

  it('is a portal of Bind, and a refusal in a transaction fails it', async () => {
    await all(['BEGIN'])
    await wire.ask(parse('SELECT id, email FROM ONLY club.members ORDER BY id'), bind('', [], { portal: 'p' }), sync)
    expect(cellsOf(await ask('FETCH 2 FROM p')).map(([, email]) => email)).toEqual([
      'C***@***.invalid',
      'C***@***.invalid',
    ])
    const unknown = await ask('FETCH nothing')
    expect([errorOf(unknown).C, statusOf(unknown)]).toEqual(['34000', 'E'])
    await all(['ROLLBACK'])
  })

  it('is recorded with the text that it runs', async () => {
    const from = auditOf(stack).length
    await all(['BEGIN', 'DECLARE c CURSOR FOR SELECT name FROM club.boats', 'FETCH c', 'ROLLBACK'])
    const texts = auditOf(stack)
      .slice(from)
      .flatMap(({ query_info }) => (query_info ? [query_info.query_string] : []))
    expect(texts.join('\n')).toContain('FETCH c /* DECLARE c CURSOR FOR SELECT name FROM club.boats */')
  })
})

describe('the search path', () => {
  it('is followed as the server has it, however it is set', async () => {
    const boats = async () => cellsOf(await ask('SELECT count(*) FROM boats')).length
    await all(['SET search_path = club, public'])
    expect(await boats()).toBe(1)
    await all(['RESET search_path'])
    expect(await codeOf('SELECT count(*) FROM boats')).toMatch(/^42/)
    expect(cellsOf(await ask("SELECT set_config('search_path', 'public,Club', false)"))).toEqual([['public,Club']])
    expect(await boats()).toBe(1)
    await all(['BEGIN', "SET LOCAL search_path = ''", 'COMMIT'])
    expect(await boats()).toBe(1)
    await all(['BEGIN', 'SAVEPOINT s', 'SET search_path = "$user", public', 'ROLLBACK TO s'])
    expect(await boats()).toBe(1)
    await all([
      'ROLLBACK',
      'SET search_path TO DEFAULT',
      'RESET ALL',
      'DISCARD ALL',
      "SET search_path = ''",
      'DISCARD ALL',
    ])
    expect(await codeOf('SELECT count(*) FROM boats')).toMatch(/^42/)
  })
})

describe('an unrestricted session', () => {
  it('has its own names, also those that nobody followed', async () => {
    const own = await wireOf(stack, 'carol')
    await own.ask(query(`DO $$ BEGIN EXECUTE 'PREPARE hidden AS SELECT 7'; END $$`))
    expect(cellsOf(await own.ask(query('EXECUTE hidden')))).toEqual([['7']])
    expect(cellsOf(await own.ask(bind('hidden'), execute(), sync))).toEqual([['7']])
    await own.ask(query('BEGIN'))
    await own.ask(query('DECLARE c CURSOR FOR SELECT 8'))
    expect(cellsOf(await own.ask(execute(0, 'c'), sync))).toEqual([['8']])
    own.end()
  })
})
