import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseScript } from '../../../src/policy/migration.ts'
import { analyzePostgres } from '../../../src/sql/postgres/analyze.ts'
import { openStore } from '../../../src/store/open_store.ts'
import { PARSER_18 } from '../../sql/postgres/parsers.ts'
import { SHOP } from '../../sql/postgres/shop.ts'
import { grantRecord } from '../../store/records.ts'
import { emailOf, grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'

/** An approved script against a real server, with the text as a driver sends it. */

const SCRIPT = [
  'CREATE TABLE yard.invoices (id int PRIMARY KEY, label_id int REFERENCES yard.labels (id))',
  "ALTER TABLE yard.labels ADD COLUMN shade text DEFAULT 'blue'",
  'CREATE INDEX CONCURRENTLY labels_shade ON yard.labels (shade)',
  "UPDATE yard.labels SET shade = 'red' WHERE id = 1",
  'SELECT id, mail FROM yard.labels ORDER BY id',
  'DROP TABLE yard.invoices',
]

async function storeWithGrant(dir: string) {
  const analyze = (text: string) => analyzePostgres(text, { ...SHOP, compared: true }, PARSER_18)
  const { plan } = parseScript(`${SCRIPT.join(';\n')};`, 'postgres', analyze)
  const store = await openStore({ kind: 'sqlite', dir })
  const now = Date.now()
  const grant = {
    ...{ kind: 'migration' as const, target: 'club-pg', role: 'migrator', narrowing: null, plan },
    ...{ principal: { email: emailOf('alice') }, parameters: new Map(), start: now - 1000, end: now + 3_600_000 },
  }
  const progress = { done: 0, outcome: 'running' as const, deviations: [] }
  await store.write((tx) => tx.grants.insert(grantRecord({ progress, createdAt: now }, grant)))
  await store.close()
}

describe('a grant that is bound to a script', () => {
  const folder = mkdtempSync(join(tmpdir(), 'migration-'))
  const dataDir = join(folder, 'data')
  let stack: PostgresStack

  beforeAll(async () => {
    mkdirSync(dataDir, { mode: 0o700 })
    await storeWithGrant(dataDir)
    stack = await startPostgresStack({
      setupSql: [
        'CREATE SCHEMA yard',
        'CREATE TABLE yard.labels (id int PRIMARY KEY, mail text)',
        "INSERT INTO yard.labels VALUES (1, 'CANARY-MAIL'), (2, 'CANARY-MAIL')",
      ],
      roles: [
        {
          name: 'migrator',
          scope: [{ schemas: ['yard'], tables: ['*'], verbs: ['read', 'insert', 'update', 'delete', 'ddl'] }],
        },
        { name: 'owner', unrestricted: true },
      ],
      masking: {
        masks: [{ schemas: ['yard'], tables: ['*'], columns: ['mail'], strategy: 'redact', text: '[hidden]' }],
      },
      grants: () => [grantOf('carol', 'owner')],
      node: { dataDir },
    })
  }, 120_000)

  afterAll(async () => {
    await stack?.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  it('runs it as it was approved, over two sessions, and nothing else', async () => {
    const first = await stack.connect('alice')
    await expect(first.query('SELECT id FROM yard.labels')).rejects.toThrow(/statement 1 of 6/)
    await first.query('BEGIN')
    await first.query(SCRIPT[0] ?? '')
    await first.query('ROLLBACK')
    await first.query(SCRIPT[0]?.toLowerCase().replace('create', '-- by hand\nCREATE') ?? '')
    await expect(first.query(SCRIPT[0] ?? '')).rejects.toThrow(/statement 2 of 6/)
    await expect(first.query(SCRIPT[1]?.replace('blue', 'green') ?? '')).rejects.toThrow(/another literal/)
    await first.query(SCRIPT[1] ?? '')
    await first.end()
    const second = await stack.connect('alice')
    await second.query(SCRIPT[2] ?? '')
    await second.query({ name: 'prepared', text: SCRIPT[3] ?? '' })
    await expect(second.query({ name: 'prepared', text: SCRIPT[3] ?? '' })).rejects.toThrow(/statement 5 of 6/)
    const { rows } = await second.query(SCRIPT[4] ?? '')
    expect(rows).toEqual([1, 2].map((id) => ({ id, mail: '[hidden]' })))
    await second.query(SCRIPT[5] ?? '')
    await expect(second.query(SCRIPT[5] ?? '')).rejects.toThrow(/all 6 statements/)
    const direct = await stack.direct()
    const { rows: shades } = await direct.query('SELECT shade FROM yard.labels ORDER BY id')
    expect(shades).toEqual([{ shade: 'red' }, { shade: 'blue' }])
  }, 60_000)
})
