import { expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import type { ProxyContext } from '../../src/proxy/context.ts'
import { ConnectionCounts, FailedLogins } from '../../src/proxy/limits.ts'
import { openLogin } from '../../src/proxy/login_flow.ts'
import type { ShownLogin } from '../../src/proxy/login_records.ts'
import type { OpenedAccount } from '../../src/session/ports.ts'
import { catalogOf, grantOf, IDENTITY, NOW, roleOf } from '../policy/build.ts'
import { targetOf } from '../session/fixture.ts'

/** A login whose account and whose way to the database are made when the test says so. */
function world() {
  const target = targetOf('postgres')
  const account = Promise.withResolvers<OpenedAccount>()
  const way = Promise.withResolvers<string>()
  const did: string[] = []
  const role = roleOf()
  const principal = { issuer: IDENTITY.issuer, subject: IDENTITY.subject }
  const grant = grantOf({ target: target.name, role: role.name, start: NOW - 1, end: NOW + 1, principal })
  const context = {
    settings: () => ({ targets: new Map([[target.name, target]]), limits: { perPerson: 10 } }),
    tokens: { verify: async () => IDENTITY },
    grants: { snapshot: () => ({ version: 1, grants: [grant] }) },
    locks: { lockedBy: () => null },
    policy: { roleOf: () => role },
    catalogs: { latest: () => catalogOf([]) },
    engineFor: async () => ({}),
    accounts: { open: () => account.promise, close: async () => void did.push('account closed') },
    audit: { append: async () => {} },
    clock: { now: () => NOW, monotonic: () => 0 },
    ids: { uuid: () => 'id' },
    liveCheck: { watch: () => () => {} },
    metrics: { logins: { inc: () => {} } },
    log: { error: () => {}, info: () => {}, warn: () => {} },
    counts: new ConnectionCounts(),
    failures: new FailedLogins(),
  } as unknown as ProxyContext
  const shown = {
    arrival: {
      address: '127.0.0.1',
      port: 1,
      listener: { engine: 'postgres', target: null, sniSuffix: null, serverNames: [], auth: 'token' },
    },
    sessionId: 'session',
    user: `${IDENTITY.email}/${target.name}`,
    proof: { kind: 'token', token: 'a.b.c' },
    given: { reason: null, ticket: null },
    serverName: null,
    tlsVersion: null,
    application: null,
    databaseOf: () => 'db',
  } as unknown as ShownLogin
  const login = openLogin(context, shown, {
    dial: () => {
      did.push('dialled')
      return way.promise
    },
    hangUp: (dialled) => did.push(`hung up ${dialled}`),
  })
  for (const one of [login, account.promise, way.promise]) one.catch(() => undefined)
  const turn = () => new Promise((done) => setImmediate(done))
  return { login, account, way, did, turn }
}

const ACCOUNT: OpenedAccount = { user: 'sp_x', password: 'p', findings: [], limited: true }

it('takes the way to the database while the account is made', async () => {
  const { login, account, way, did, turn } = world()
  await turn()
  expect(did).toEqual(['dialled'])
  way.resolve('way')
  account.resolve(ACCOUNT)
  const opened = await login
  expect([opened.dialled, opened.credential.user, did]).toEqual(['way', 'sp_x', ['dialled']])
  await expect(opened.failed(new SallyportError('SP-SETTING', 'no'))).rejects.toMatchObject({ code: 'SP-SETTING' })
  await turn()
  expect(did).toEqual(['dialled', 'account closed', 'hung up way'])
})

it('hangs up, however late, where no account was made', async () => {
  const { login, account, way, did, turn } = world()
  account.reject(new SallyportError('SP-ACCOUNT', 'no'))
  await expect(login).rejects.toMatchObject({ code: 'SP-ACCOUNT' })
  way.resolve('way')
  await turn()
  expect(did).toEqual(['dialled', 'hung up way'])
})

it('closes the account where the database can not be reached', async () => {
  const { login, account, way, did } = world()
  account.resolve(ACCOUNT)
  way.reject(new SallyportError('SP-UPSTREAM', 'gone'))
  await expect(login).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
  expect(did).toEqual(['dialled', 'account closed'])
})
