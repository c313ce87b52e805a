import mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { configDir } from '../config/config_dir.ts'
import { describeWithMariadb } from '../servers/availability.ts'
import { startMariadb } from '../servers/mariadb.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { run, targetYaml } from './cli_run.ts'

describeWithMariadb('db and classify on MariaDB', () => {
  let server: DatabaseServer

  beforeAll(async () => {
    server = await startMariadb()
    const { host, port, user, password, ca } = server
    const root = await mysql.createConnection({ host: 'localhost', port, user, password, ssl: { ca } })
    expect(host).toBe('127.0.0.1')
    await root.query('CREATE DATABASE app')
    await root.query('CREATE TABLE app.users (id int PRIMARY KEY, email varchar(80))')
    await root.query('CREATE DATABASE other')
    await root.query('CREATE TABLE other.people (id int PRIMARY KEY, phone varchar(80))')
    await root.end()
    vi.stubEnv('ADMIN', "admin'password\\")
    vi.stubEnv('ROOT', server.password)
  }, 120_000)

  afterAll(async () => {
    vi.unstubAllEnvs()
    await server?.stop()
  }, 60_000)

  it('the account that db bootstrap makes reads, checks and classifies what it has to', async () => {
    const dir = configDir({ 'targets.yaml': targetYaml('mysql', server), 'grants.yaml': null })
    const apply = ['--apply', '--admin', 'app', '--password-ref', 'env:ROOT', '--database', 'app,other']
    for (const _ of ['once', 'again']) {
      const applied = await run('db', 'bootstrap', 'orders', '--config', dir, ...apply)
      expect([applied.code, applied.err]).toEqual([0, 'applied on orders\n'])
      expect(applied.out).toContain('-- the account of Sallyport; nobody else knows its password\n')
      expect(applied.out).not.toContain('password\\')
    }
    const told = await run('db', 'doctor', 'orders', '--config', dir, '--json')
    expect(told.err).toBe('')
    expect(JSON.parse(told.out).findings.map(({ id }: { id: string }) => id)).toContain('mysql.tls_optional')
    const scanned = await run('classify', 'scan', 'orders', '--config', dir)
    expect(scanned.out).toContain('schemas: ["other"], tables: ["people"], columns: ["phone"]')
    const one = await run('classify', 'scan', 'orders', '--config', dir, '--database', 'app')
    expect(one.out).toContain('columns: ["email"]')
    expect(one.out).not.toContain('phone')
  })
})
