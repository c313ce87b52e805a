import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeCertificates } from '../../../certs/make.ts'
import { describeUnless } from '../../servers/availability.ts'
import { FAMILIES } from './families.ts'
import { type Stack, startStack } from './stack.ts'

/** sysbench's own loads, by a person who may read and write its tables and has a mask on another one. */

const TABLES = 2
const ROWS = 200
const EVENTS = 30
const RUN_MS = 60_000
/** With the threads of each: two that write would run into deadlocks. */
const LOADS = [
  ['oltp_point_select', 2],
  ['oltp_read_only', 2],
  ['oltp_read_write', 1],
  ['oltp_update_index', 1],
  ['oltp_insert', 1],
] as const
/** Server-side prepared statements, or none. */
const MODES = ['auto', 'disable'] as const

const LOADER = {
  name: 'reader',
  scope: [{ schemas: ['bench'], tables: ['sbtest*'], verbs: ['read', 'insert', 'update', 'delete'] }],
  connectNotice: false,
}
const OWNER = { name: 'unlimited', unrestricted: true, connectNotice: false }
const WRITER = { name: 'writer', scope: [{ schemas: ['clinic'], tables: ['*'], verbs: ['read'] }] }

const missing =
  spawnSync('sysbench', ['--version']).status === 0 ? null : 'sysbench is not installed (apt-get install sysbench)'

interface Login {
  readonly port: number
  readonly user: string
  readonly password: string
  readonly caFile: string
}

interface Ran {
  readonly code: number
  readonly text: string
}

/** With TLS it reads an authority, a certificate and a key of its own from the working directory, by these names. */
function folderFor(caFile: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sysbench-'))
  const own = makeCertificates(join(folder, 'own'))
  copyFileSync(caFile, join(folder, 'cacert.pem'))
  copyFileSync(own.cert, join(folder, 'client-cert.pem'))
  copyFileSync(own.key, join(folder, 'client-key.pem'))
  return folder
}

function sysbench(login: Login, load: string, command: string, ...more: readonly string[]): Promise<Ran> {
  const { port, user, password, caFile } = login
  const address = ['--mysql-host=127.0.0.1', `--mysql-port=${port}`, `--mysql-user=${user}`, '--mysql-db=bench']
  const size = [`--tables=${TABLES}`, `--table-size=${ROWS}`, '--db-driver=mysql', '--mysql-ssl=on']
  // The password stands in the arguments: sysbench reads it nowhere else.
  const args = [load, ...address, ...size, `--mysql-password=${password}`, ...more, command]
  const cwd = folderFor(caFile)
  return new Promise((done) => {
    execFile('sysbench', args, { timeout: RUN_MS, cwd }, (error, out, errors) => {
      rmSync(cwd, { recursive: true, force: true })
      done({ code: error ? 1 : 0, text: `${out}${errors}` })
    })
  })
}

for (const family of FAMILIES) {
  family.describe(`sysbench on ${family.name}`, () => {
    describeUnless(missing, 'under a grant of its tables', () => {
      let stack: Stack
      beforeAll(async () => {
        const roles = [LOADER, OWNER, WRITER]
        stack = await startStack(family.start, {
          fixture: ['CREATE DATABASE bench', 'CREATE DATABASE clinic', 'CREATE TABLE clinic.t (a int)'],
          proxy: { roles },
        })
        const made = await sysbench(await login('carol'), 'oltp_read_write', 'prepare')
        expect(made).toEqual({ code: 0, text: expect.anything() })
      })
      afterAll(() => stack?.stop())

      async function login(person: 'alice' | 'carol'): Promise<Login> {
        return {
          port: stack.proxy.mysqlPort,
          user: stack.user(person),
          password: await stack.token(person),
          caFile: stack.proxy.ca,
        }
      }

      it.each(MODES.flatMap((mode) => LOADS.map(([load, threads]) => [load, mode, threads] as const)))(
        '%s, prepared: %s',
        async (load, mode, threads) => {
          const limits = [`--threads=${threads}`, `--events=${EVENTS}`, '--time=0', `--db-ps-mode=${mode}`]
          const ran = await sysbench(await login('alice'), load, 'run', ...limits)
          expect(ran).toEqual({ code: 0, text: expect.stringMatching(/total number of events: +30$/m) })
          expect(ran.text).toMatch(/ignored errors: +0 /)
          expect(ran.text).toMatch(/reconnects: +0 /)
        },
      )

      it('leaves the tables whole: each row was deleted and inserted again', async () => {
        for (const [person, ...args] of [
          ['carol', 'cleanup'],
          ['carol', 'prepare'],
          ['alice', 'run', '--events=20', '--time=0'],
        ] as const) {
          const [command, ...more] = args
          const done = await sysbench(await login(person), 'oltp_read_write', command, ...more)
          expect(done).toEqual({ code: 0, text: expect.anything() })
        }
        const direct = await stack.direct({ database: 'bench' })
        const whole = 'SELECT COUNT(*), MIN(id), MAX(id), MIN(LENGTH(c)), MAX(LENGTH(c)), MIN(LENGTH(pad)) FROM sbtest'
        for (const number of [1, 2]) {
          const [rows] = await direct.query({ sql: `${whole}${number}`, rowsAsArray: true })
          expect(rows).toEqual([[ROWS, 1, ROWS, 119, 119, 59]])
        }
        await direct.end()
      })
    })
  })
}
