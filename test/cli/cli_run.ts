import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runCli } from '../../src/cli/run.ts'
import type { DatabaseServer } from '../servers/process.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The command line in this process. */
export async function run(...argv: string[]): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await runCli(argv, { serve: async () => 9, out: (text) => (out += text), err: (text) => (err += text) })
  return { code, out, err }
}

export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

/** The section of one target, `orders`, on a server that a test has started. */
export function targetYaml(
  engine: 'postgres' | 'mysql',
  server: Pick<DatabaseServer, 'port' | 'caFile'>,
  { admin = 'sallyport_admin', accounts = 'dynamic: { ownerRole: heir }', database = 'app' } = {},
): string {
  return `version: 1
targets:
  - name: orders
    engine: ${engine}
    host: 127.0.0.1
    port: ${server.port}
    defaultDatabase: ${database}
    tls: { mode: verify-ca, ca: '${server.caFile}' }
    admin: { user: ${admin}, password: 'env:ADMIN' }
    accounts: { ${accounts} }
`
}
