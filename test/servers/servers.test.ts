import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { describeWithMariadb, describeWithMysql, describeWithPostgres15 } from './availability.ts'
import { startMariadb } from './mariadb.ts'
import { startMysql } from './mysql.ts'
import { chosenMariadb, mysqlUnavailable } from './mysql_packages.ts'
import { type OidcServer, startOidc } from './oidc.ts'
import { startPostgres } from './postgres.ts'
import type { DatabaseServer } from './process.ts'

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

async function postgresAnswers(server: DatabaseServer, statement: string): Promise<unknown> {
  const { host, port, user, password, database, ca } = server
  const client = new pg.Client({ host, port, user, password, database, ssl: { ca, servername: 'localhost' } })
  await client.connect()
  const { rows } = await client.query({ text: statement, rowMode: 'array' })
  await client.end()
  return rows
}

async function mysqlAnswers(server: DatabaseServer, statement: string): Promise<unknown> {
  const { port, user, password, database, ca } = server
  const connection = await mysql.createConnection({ host: 'localhost', port, user, password, database, ssl: { ca } })
  const [rows] = await connection.query({ sql: statement, rowsAsArray: true })
  await connection.end()
  return rows
}

async function leavesNothing(server: DatabaseServer): Promise<void> {
  const folder = dirname(dirname(server.caFile))
  expect(existsSync(folder)).toBe(true)
  expect(isAlive(server.pid)).toBe(true)
  await server.stop()
  expect(existsSync(folder)).toBe(false)
  expect(isAlive(server.pid)).toBe(false)
}

function suite(start: () => Promise<DatabaseServer>, answers: typeof postgresAnswers, version: RegExp): () => void {
  return () => {
    it('runs the set-up, speaks TLS with a verified name, and leaves nothing behind', async () => {
      const server = await start()
      expect(await answers(server, 'SELECT count(*) FROM made')).toEqual([
        [expect.toSatisfy((count) => Number(count) === 2)],
      ])
      expect(await answers(server, 'SELECT version()')).toEqual([[expect.stringMatching(version)]])
      await leavesNothing(server)
    })
  }
}

const setupSql = ['CREATE TABLE made (a int)', 'INSERT INTO made VALUES (1), (2)']

describe(
  'PostgreSQL 18',
  suite(() => startPostgres({ setupSql }), postgresAnswers, /^PostgreSQL 18/),
)
describeWithPostgres15(
  'PostgreSQL 15',
  suite(() => startPostgres({ version: 15, setupSql }), postgresAnswers, /^PostgreSQL 15/),
)
describeWithMysql(
  'MySQL',
  suite(() => startMysql({ setupSql }), mysqlAnswers, /^9\./),
)
describeWithMariadb(
  'MariaDB',
  suite(() => startMariadb({ setupSql }), mysqlAnswers, /MariaDB/),
)

describe('a set-up that fails', () => {
  it('says why and leaves no server behind', async () => {
    await expect(startPostgres({ setupSql: ['SELECT nothing_of_the_kind'] })).rejects.toThrow(/nothing_of_the_kind/)
  })

  it('shows the log of a server that does not start', async () => {
    await expect(startPostgres({ settings: ['no_such_setting = 1'] })).rejects.toThrow(/no_such_setting/)
  })
})

describe('OpenID Provider', () => {
  let provider: OidcServer
  beforeAll(async () => {
    provider = await startOidc()
  })
  afterAll(() => provider.stop())

  async function verify(token: string): Promise<unknown> {
    const discovery = (await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json()) as {
      jwks_uri: string
    }
    const keys = createRemoteJWKSet(new URL(discovery.jwks_uri))
    const options = { issuer: provider.issuer, audience: provider.audience, typ: 'at+jwt' }
    return jwtVerify(token, keys, options).then(
      ({ payload }) => payload,
      (error: { readonly code: string }) => error.code,
    )
  }

  it('signs what its own key set verifies', async () => {
    const token = await provider.tokenFor('alice', { groups: ['dba'] })
    expect(await verify(token)).toMatchObject({ sub: 'alice', email: 'alice@example.test', groups: ['dba'] })
  })

  it('makes tokens that are to be refused', async () => {
    expect(await verify(await provider.tokenFor('bob', { expiresIn: -60 }))).toBe('ERR_JWT_EXPIRED')
    expect(await verify(await provider.tokenFor('bob', { audience: 'another' }))).toBe(
      'ERR_JWT_CLAIM_VALIDATION_FAILED',
    )
  })

  it('rotates its key', async () => {
    const old = await provider.tokenFor('carol')
    await provider.rotateKey()
    expect(await verify(old)).toBe('ERR_JWKS_NO_MATCHING_KEY')
    expect(await verify(await provider.tokenFor('carol'))).toMatchObject({ sub: 'carol' })
  })
})

describe('a folder of packages in place of the usual server', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it('is refused where it holds no server', () => {
    vi.stubEnv('SALLYPORT_MYSQL_TREE', '/nowhere')
    vi.stubEnv('SALLYPORT_MARIADB_TREE', '/nowhere')
    expect(mysqlUnavailable()).toBe('SALLYPORT_MYSQL_TREE has no usr/sbin/mysqld')
    expect(() => chosenMariadb()).toThrow('SALLYPORT_MARIADB_TREE has no usr/sbin/mariadbd')
  })
})
