import { describe, expect, it } from 'vitest'
import { checkConfig, loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { configDir, secrets, TARGETS_YAML } from './config_dir.ts'

const STATIC = /accounts: .*\n/

function targets(accounts: string, more = ''): Record<string, string> {
  return { 'targets.yaml': TARGETS_YAML.replace(STATIC, `${accounts}\n${more}`) }
}

async function problemsOf(files: Record<string, string>): Promise<string[]> {
  const { problems } = await checkConfig(configDir(files), secrets)
  return problems.map(formatProblem)
}

const REPLICA = `  - name: orders-replica
    engine: postgres
    host: replica.example.test
    replicaOf: orders
    admin: { user: admin, password: 'env:ADMIN' }
    accounts: { dynamic: {} }
`

describe('accounts of a target', () => {
  it('are made for each session, as the target says and each role more', async () => {
    const dynamic =
      'accounts: { dynamic: { warm: 2, ownerRole: heir, roles: { reader: { warm: 0, memberOf: [dba] } } } }'
    const config = await loadConfig(configDir(targets(dynamic, REPLICA)), secrets)
    expect(config.staticAccounts.size).toBe(0)
    const general = {
      ttlMarginMs: 60_000,
      warm: 2,
      ownerRole: 'heir',
      memberOf: [],
      marker: 'sallyport_sessions',
      host: '%',
      replicaWaitMs: 5_000,
    }
    expect(config.dynamicAccounts.get('orders')).toEqual({
      default: general,
      byRole: new Map([['reader', { ...general, warm: 0, memberOf: ['dba'] }]]),
      replicaOf: null,
    })
    expect(config.dynamicAccounts.get('orders-replica')?.replicaOf).toBe('orders')
  })

  it.each([
    ['accounts: {}', '', 'targets.yaml:7: targets/0/accounts: needs static or dynamic'],
    [
      "accounts: { dynamic: {}, static: { user: app, password: 'env:APP' } }",
      '',
      'targets.yaml:7: targets/0/accounts: needs static or dynamic',
    ],
    [
      'accounts: { dynamic: { roles: { nobody: {} } } }',
      '',
      'targets.yaml:7: targets/0/accounts/dynamic/roles/nobody: unknown role nobody',
    ],
    [
      "accounts: { static: { user: app, password: 'env:APP' } }",
      REPLICA,
      'targets.yaml:11: targets/1/replicaOf: both targets need dynamic accounts',
    ],
    [
      'accounts: { dynamic: {} }',
      REPLICA.replace('replicaOf: orders', 'replicaOf: other'),
      'targets.yaml:11: targets/1/replicaOf: unknown target other',
    ],
    [
      'accounts: { dynamic: {} }',
      REPLICA.replace('replicaOf: orders', 'replicaOf: orders-replica'),
      'targets.yaml:11: targets/1/replicaOf: orders-replica is a replica itself',
    ],
  ])('%s %s', async (accounts, more, problem) => {
    expect(await problemsOf(targets(accounts, more))).toContain(problem)
  })
})
