import { expect, it } from 'vitest'
import { checkConfig, loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { configDir, secrets } from './config_dir.ts'

function withStore(store: string): Record<string, string> {
  const listener = "{ engine: postgres, port: 0, tls: { cert: server.pem, key: 'file:server.key' } }"
  return { 'sallyport.yaml': `version: 1\nnode:\n  listeners: [${listener}]\n  store: ${store}\n` }
}

it('keeps a store in the data directory unless told otherwise', async () => {
  const { node } = await loadConfig(configDir(), secrets)
  expect(node.store).toEqual({ kind: 'sqlite', dir: node.dataDir })
})

it('takes a PostgreSQL database, with its password resolved and its times in milliseconds', async () => {
  const login = "host: db.example.test, database: access, user: sallyport, password: 'env:STORE'"
  const { node } = await loadConfig(configDir(withStore(`{ kind: postgres, ${login}, tls: { ca: ca.pem } }`)), secrets)
  expect(node.store).toMatchObject({
    kind: 'postgres',
    port: 5432,
    password: 'secret of env:STORE',
    schema: 'sallyport',
    tls: { mode: 'verify-full', serverName: null },
    pollMs: 2_000,
    leaseMs: 10_000,
  })
})

it.each([
  ['a lease that is too long', 'lease: 31s', 'node/store/lease: must be at most 30s'],
  ['a lease that one late look ends', 'lease: 3s', 'node/store/lease: must be at least twice poll'],
  ['a schema that would need quotes', 'schema: "a b"', 'node/store/schema: must be a name of a-z, 0-9 and _'],
  ['a mode that proves nothing', 'tls: { mode: require }', 'node/store/tls/mode: '],
])('refuses %s', async (_what, line, says) => {
  const login = "host: db.example.test, database: access, user: sallyport, password: 'env:STORE'"
  const { problems } = await checkConfig(configDir(withStore(`{ kind: postgres, ${login}, ${line} }`)), secrets)
  expect(problems.map(formatProblem).join('\n')).toContain(says)
})
