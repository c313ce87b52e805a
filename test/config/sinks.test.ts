import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkConfig } from '../../src/config/load.ts'
import { configDir } from './config_dir.ts'

/** The sinks of a configuration: paths from the data directory, certificates read, secrets still by reference. */

async function loaded(sinks: readonly object[]) {
  const node = {
    dataDir: 'data',
    listeners: [{ engine: 'postgres', port: 0, tls: { cert: 'server.pem', key: 'file:server.key' } }],
    audit: { sinks },
  }
  const dir = configDir({ 'sallyport.yaml': JSON.stringify({ version: 1, node }) })
  const secrets = async (reference: string) => {
    if (reference === 'env:MISSING') throw new Error('missing')
    return reference === 'file:server.key' ? readFileSync(join(dir, 'server.key'), 'utf8') : KEY
  }
  const { config, problems } = await checkConfig(dir, secrets)
  return { dir, sinks: config?.node.audit.sinks ?? [], problems: problems.map(({ path, message }) => [path, message]) }
}

const KEY = Buffer.alloc(32, 1).toString('base64')
const SYSLOG = { name: 'siem', kind: 'syslog', host: 'siem.example.test' }

describe('sinks', () => {
  it('have defaults', async () => {
    const { dir, sinks, problems } = await loaded([
      { name: 'copy', kind: 'file', path: 'copy.ndjson' },
      { ...SYSLOG, tls: { ca: 'ca.pem', cert: 'server.pem', key: 'env:KEY' }, filter: { minSeverity: 'high' } },
    ])
    expect(problems).toEqual([])
    expect(sinks[0]).toMatchObject({
      ...{ kind: 'file', path: join(dir, 'data', 'copy.ndjson'), maxBytes: null, keep: 7, fsync: false, from: 'first' },
      ...{ format: 'ocsf', batch: { maxItems: 500, maxBytes: 1_048_576, maxWaitMs: 1_000 }, timeoutMs: 30_000 },
      backlog: { maxRecords: 1_000_000, maxAgeMs: 3_600_000 },
    })
    expect(sinks[1]).toMatchObject({
      ...{ kind: 'syslog', port: 6514, transport: 'tls', facility: 13, confirm: 'close', allowNetworks: null },
      filter: { events: [], targets: [], classes: [], minSeverity: 4 },
      tls: { ca: readFileSync(join(dir, 'ca.pem'), 'utf8'), key: 'env:KEY', serverName: null },
    })
  })

  it('have the numbers of facilities', async () => {
    const facilities = ['authpriv', 'audit', 'local0', 'local7']
    const { sinks } = await loaded(facilities.map((facility) => ({ ...SYSLOG, name: facility, facility })))
    expect(sinks.map((sink) => (sink.kind === 'syslog' ? sink.facility : null))).toEqual([10, 13, 16, 23])
  })

  it.each<[string, readonly object[], string]>([
    ['two of one name', [SYSLOG, SYSLOG], 'each sink needs a name of its own'],
    ['a key without its certificate', [{ ...SYSLOG, tls: { key: 'env:KEY' } }], 'a certificate needs its key'],
    ['a secret in the file', [{ name: 'w', kind: 'webhook', url: 'https://h.example.test', secret: 'x' }], 'reference'],
    ['an address without TLS', [{ name: 'w', kind: 'webhook', url: 'http://h.example.test' }], 'must be an https URL'],
    ['messages that nobody takes', [{ ...SYSLOG, maxMessageBytes: 100 }], '2048'],
    ['a name with a path in it', [{ ...SYSLOG, name: '../siem' }], 'must be 1 to 63'],
    ['authorities that are not there', [{ ...SYSLOG, tls: { ca: 'no.pem' } }], "no.pem: the file can't be read"],
    [
      'a secret that can not be read',
      [{ name: 'w', kind: 'webhook', url: 'https://h.example.test', secret: 'env:MISSING' }],
      'the secret could not be read',
    ],
  ])('are refused with %s', async (_, sinks, why) => {
    const { problems } = await loaded(sinks)
    expect(problems).toEqual([[expect.stringMatching(/^node[./]audit[./]sinks/), expect.stringContaining(why)]])
  })
})
