import { describe, expect, it } from 'vitest'
import { checkConfig, loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { configDir, secrets } from './config_dir.ts'

const nodeWith = (api: string) => `version: 1
node:
  listeners:
    - { engine: postgres, port: 0, tls: { cert: server.pem, key: 'file:server.key' } }
  api:
${api.replace(/^/gm, '    ')}
`

const problemsOf = async (api: string) =>
  (await checkConfig(configDir({ 'sallyport.yaml': nodeWith(api) }), secrets)).problems.map(formatProblem)

describe('node.api', () => {
  it('is none unless it is asked for', async () => {
    expect((await loadConfig(configDir(), secrets)).node.api).toBeNull()
  })

  it('has its defaults, and secrets resolved', async () => {
    const api = `port: 0
publicUrl: https://access.example.test
login: { clientId: console }
slack: { signingSecret: 'env:SIGNING', botToken: 'env:BOT', teamId: T0123 }`
    const config = await loadConfig(configDir({ 'sallyport.yaml': nodeWith(api) }), secrets)
    expect(config.node.api).toMatchObject({
      host: '127.0.0.1',
      tls: null,
      login: { clientSecret: null, token: 'id', maxSessionMs: 3_600_000 },
      slack: { signingSecret: 'secret of env:SIGNING', botToken: 'secret of env:BOT', channel: null },
      rates: { reads: 600 },
    })
    expect(JSON.stringify(config.tree)).not.toContain('secret of')
  })

  it.each([
    ['no TLS beyond loopback', 'host: 0.0.0.0\nport: 1\npublicUrl: https://a.example.test', 'node/api/tls'],
    ['an address with a path', 'port: 1\npublicUrl: https://a.example.test/x', 'node/api/publicUrl'],
    ['an address in clear', 'port: 1\npublicUrl: http://a.example.test', 'node/api/publicUrl'],
    [
      'a literal secret',
      'port: 1\npublicUrl: https://a.test\nlogin: { clientId: c, clientSecret: hunter2 }',
      'clientSecret',
    ],
    ['an endless session', 'port: 1\npublicUrl: https://a.test\nlogin: { clientId: c, maxSession: 7d }', 'maxSession'],
    ['an unknown name', 'port: 1\npublicUrl: https://a.test\ntimeouts: 5', 'node/api/timeouts: unknown key'],
  ])('refuses %s', async (_, api, expected) => {
    const [problem, ...more] = await problemsOf(api)
    expect(problem).toMatch(/^sallyport\.yaml:\d+: /)
    expect(problem).toContain(expected)
    expect(problem).not.toContain('hunter2')
    expect(more).toEqual([])
  })
})
