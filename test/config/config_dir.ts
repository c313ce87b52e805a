import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { makeCertificates } from '../../certs/make.ts'

const NODE = `version: 1
node:
  listeners:
    - { engine: postgres, port: 0, tls: { cert: server.pem, key: 'file:server.key' } }
`
const OIDC = `version: 1
oidc: { issuer: 'https://idp.example.test', audiences: [sallyport] }
`
const TARGETS = `version: 1
targets:
  - name: orders
    engine: postgres
    host: pg.example.test
    admin: { user: admin, password: 'env:ADMIN' }
    accounts: { static: { user: app, password: 'env:APP', roles: { reader: { user: ro, password: 'env:RO' } } } }
`
const ROLES = `version: 1
roles:
  - name: reader
    scope: [{ schemas: [app], tables: ['*'], verbs: [read] }]
    limits: { maxRowsPerResult: 1000, bulkReadRows: 500, statementTimeout: 30s }
`
const GRANTS = `version: 1
grants:
  - id: g1
    principal: { email: alice@example.test }
    target: orders
    role: reader
    start: 2026-01-01T00:00:00Z
    end: 2030-01-01T00:00:00+01:00
    reason: on call
`
const MASKING = `version: 1
masking:
  keys: { k1: 'env:KEY' }
  masks:
    - { schemas: [app], tables: [users], columns: [email], strategy: token, key: k1 }
`

/** A small configuration that is right, with files put in the place of its own; null leaves one out. */
export function configDir(files: Readonly<Record<string, string | null>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-config-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  makeCertificates(dir)
  const all = {
    'sallyport.yaml': NODE,
    'oidc.yaml': OIDC,
    'targets.yaml': TARGETS,
    'roles.yaml': ROLES,
    'grants.yaml': GRANTS,
    'masking.yaml': MASKING,
    ...files,
  }
  for (const [name, text] of Object.entries(all)) if (text !== null) writeFileSync(join(dir, name), text)
  return dir
}

export const NODE_YAML = NODE
export const GRANTS_YAML = GRANTS
export const ROLES_YAML = ROLES
export const TARGETS_YAML = TARGETS

/** Passwords by name, the private key from its file. */
export async function secrets(reference: string, dir: string): Promise<string> {
  if (reference === 'env:KEY') return Buffer.alloc(32, 7).toString('base64')
  if (reference.startsWith('env:')) return `secret of ${reference}`
  const { resolveSecret } = await import('../../src/secrets/resolve_secret.ts')
  return resolveSecret(reference, dir)
}
