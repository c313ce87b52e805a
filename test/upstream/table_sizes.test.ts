import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LiveCredential, Target } from '../../src/session/ports.ts'
import { readTableSizes } from '../../src/upstream/table_sizes.ts'
import { describeWithMariadb } from '../servers/availability.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { liveTarget } from './target.ts'

const TABLES = [
  'CREATE TABLE yard.labels (id INT PRIMARY KEY)',
  'INSERT INTO yard.labels VALUES (1), (2), (3)',
  'CREATE VIEW yard.seen AS SELECT id FROM yard.labels',
]

function loginOf({ admin }: Target): LiveCredential {
  return { candidates: async () => [admin], use: (attempt) => attempt(admin) }
}

describe('the sizes of tables in PostgreSQL', () => {
  let server: DatabaseServer
  beforeAll(async () => {
    const parted = [
      'CREATE TABLE yard.parted (id int) PARTITION BY LIST (id)',
      'CREATE TABLE yard.one PARTITION OF yard.parted FOR VALUES IN (1)',
      'INSERT INTO yard.parted SELECT 1 FROM generate_series(1, 7)',
    ]
    const counted = ['ANALYZE yard.labels', 'ANALYZE yard.one', 'CREATE TABLE yard.never (id int)']
    server = await startPostgres({ setupSql: ['CREATE SCHEMA yard', ...TABLES, ...parted, ...counted] })
  }, 60_000)
  afterAll(() => server?.stop())

  it('are what the server last counted, of partitions together, and of the schemas that were asked for', async () => {
    const target = liveTarget('postgres', server)
    const sizes = await readTableSizes(target, server.database, ['yard'], loginOf(target))
    expect([...sizes.values()].sort()).toEqual([3, 7, 7])
    expect(await readTableSizes(target, server.database, ['pg_temp'], loginOf(target))).toEqual(new Map())
    expect(await readTableSizes(target, server.database, [], loginOf(target))).toEqual(new Map())
  })

  it('can not be had with a login that is refused', async () => {
    const target = liveTarget('postgres', server, { admin: { user: server.user, password: 'wrong' } })
    await expect(readTableSizes(target, server.database, ['yard'], loginOf(target))).rejects.toThrow(/SP-UPSTREAM/)
  })
})

describeWithMariadb('the sizes of tables in MariaDB', () => {
  let server: DatabaseServer
  beforeAll(async () => {
    server = await startMariadb({ setupSql: ['CREATE DATABASE yard', ...TABLES, 'ANALYZE TABLE yard.labels'] })
  }, 60_000)
  afterAll(() => server?.stop())

  it('are what its statistics say, of the databases that were asked for', async () => {
    const target = liveTarget('mysql', server)
    expect([...(await readTableSizes(target, '', ['yard'], loginOf(target))).values()]).toEqual([3])
    expect(await readTableSizes(target, '', ['nowhere'], loginOf(target))).toEqual(new Map())
  })
})
