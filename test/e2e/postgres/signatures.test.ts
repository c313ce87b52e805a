import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { POSTGRES_FUNCTIONS } from '../../../src/policy/functions_postgres.ts'
import { POSTGRES_BROWSING } from '../../../src/policy/functions_postgres_browsing.ts'
import { describeEachPostgres } from '../../servers/availability.ts'
import { startPostgres } from '../../servers/postgres.ts'
import type { DatabaseServer } from '../../servers/process.ts'

/**
 * Built-ins are allowed by name: which overload a call means, only the server knows. So every overload that a name has
 * on a real server is read here and compared with the list that was judged. A new overload fails, and is looked at
 * before it is added.
 */

const NAMES = [...POSTGRES_FUNCTIONS, ...POSTGRES_BROWSING]

interface Signature {
  readonly name: string
  readonly signature: string
  readonly volatility: string
  readonly language: string
  readonly definer: boolean
}

const SIGNATURES_SQL = `
  SELECT p.proname AS name, p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS signature,
    p.provolatile::text AS volatility, l.lanname AS language, p.prosecdef AS definer
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
  WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname::text = ANY ($1::text[])
  ORDER BY (p.proname || '(' || oidvectortypes(p.proargtypes) || ')') COLLATE "C"`

describeEachPostgres('built-in functions', (version) => {
  let server: DatabaseServer
  let signatures: readonly Signature[]
  beforeAll(async () => {
    server = await startPostgres({ version })
    const { host, port, user, password, database, ca } = server
    const client = new pg.Client({ host, port, user, password, database, ssl: { ca, servername: 'localhost' } })
    await client.connect()
    try {
      signatures = (await client.query<Signature>(SIGNATURES_SQL, [NAMES])).rows
    } finally {
      await client.end()
    }
  })
  afterAll(() => server?.stop())

  it('have the overloads that were judged, and no other', async () => {
    const lines = signatures.map(({ signature, volatility }) => `${volatility} ${signature}\n`)
    await expect(lines.join('')).toMatchFileSnapshot(`signatures/postgres-${version}.txt`)
  })

  it('are immutable where the list says so', () => {
    const others = signatures.filter(({ name, volatility }) => POSTGRES_FUNCTIONS.has(name) && volatility !== 'i')
    expect(others.map(({ signature }) => signature)).toEqual([])
  })

  it("are the server's own code, and run with the rights of who calls", () => {
    const foreign = signatures.filter(({ language, definer }) => definer || !['internal', 'sql'].includes(language))
    expect(foreign).toEqual([])
  })
})
