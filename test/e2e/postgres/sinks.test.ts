import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { psql } from '../../clients/programs.ts'
import { describeUnless } from '../../servers/availability.ts'
import { type Rsyslog, rsyslogUnavailable, startRsyslog } from '../../servers/rsyslog.ts'
import { type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'

/** What people do with psql, as it stands in the file of a collector of logs and on the standard output. */

const MAIN = new URL('../../../src/main.ts', import.meta.url).pathname

interface Received {
  readonly actor?: { readonly user?: { readonly email_addr?: string } }
  readonly query_info?: { readonly query_string?: string }
  readonly metadata: { readonly event_code: string }
}

describeUnless(rsyslogUnavailable(), 'sinks', () => {
  let rsyslog: Rsyslog
  let stack: PostgresStack

  beforeAll(async () => {
    rsyslog = await startRsyslog({ tls: true })
    const batch = { maxWait: '100ms' }
    const siem = { name: 'siem', kind: 'syslog', host: 'localhost', port: rsyslog.port, tls: { ca: rsyslog.caFile } }
    const sinks = [
      { ...siem, batch },
      { name: 'arcsight', kind: 'stdout', format: 'cef', batch, filter: { events: ['db.*'] } },
    ]
    stack = await startPostgresStack({
      setupSql: CLUB_SQL,
      roles: CLUB_ROLES,
      masking: SHOWN_IN_PART,
      grants: usualGrants,
      node: { audit: { sinks } },
    })
  })
  afterAll(async () => {
    await stack?.stop()
    await rsyslog?.stop()
  })

  const received = (): readonly Received[] => {
    return rsyslog.lines().flatMap((line) => {
      const json = line.slice(line.indexOf('] {') + 2)
      return line.includes('] {') ? [JSON.parse(json) as Received] : []
    })
  }
  const sallyport = async (...args: string[]) => {
    const config = join(stack.proxy.folder, 'config')
    return await promisify(execFile)(process.execPath, [MAIN, 'audit', ...args, '--config', config])
  }

  it('have the statements of a session of psql, with the name of the person', async () => {
    const text = 'SELECT name, phone FROM club.members'
    await psql(await stack.login('alice'), text, 'SELECT 1')
    const decision = () => received().find((one) => one.query_info?.query_string === text)
    await vi.waitFor(() => expect(decision()).toBeDefined(), { timeout: 20_000 })
    expect(decision()).toMatchObject({
      actor: { user: { email_addr: 'alice@example.test' } },
      metadata: { event_code: 'db.decision' },
    })
    expect(rsyslog.lines()[0]).toMatch(/^110 \S+ \S+ sallyport \d+ log\.started \[sallyport@32473 uid="/)
  })

  it('have a signed checkpoint', async () => {
    const codes = () => received().map(({ metadata }) => metadata.event_code)
    await vi.waitFor(() => expect(codes()).toContain('log.checkpoint'), { timeout: 20_000 })
  })

  it('have whole lines beside those of the program on its standard output', async () => {
    await psql(await stack.login('bob'), 'SELECT name FROM club.members')
    const cef = () =>
      stack.proxy
        .log()
        .split('\n')
        .filter((line) => line.startsWith('CEF:0|Sallyport|'))
    await vi.waitFor(() => expect(cef().some((line) => line.includes('suser=bob@example.test'))).toBe(true))
    const others = stack.proxy
      .log()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('CEF:0|'))
    for (const line of others) expect(() => JSON.parse(line)).not.toThrow()
  })

  it('are told of by commands and metrics', async () => {
    const { stdout } = await sallyport('sinks')
    expect(stdout).toMatch(/^siem +syslog +\d+ /m)
    expect((await sallyport('sink', 'test', 'siem')).stdout).toMatch(/^siem: ok: the sink has taken it/)
    expect(rsyslog.lines().some((line) => line.includes(' sink.test ['))).toBe(true)
    const metrics = await (await fetch(`${stack.proxy.metricsUrl}/metrics`)).text()
    expect(metrics).toContain('sallyport_audit_sink_up{sink="siem"} 1')
    expect(metrics).toMatch(/sallyport_audit_sink_sent_total\{sink="siem"\} [1-9]/)
  })

  it('print what was refused for good', async () => {
    const letter = { time: 0, sequence: 0, uid: 'u', code: 'process.start', why: 'answered with status 400' }
    const path = join(stack.proxy.folder, 'data', 'sinks', 'siem.dead.ndjson')
    writeFileSync(path, `${JSON.stringify(letter)}\n`)
    expect((await sallyport('dead-letters', 'siem')).stdout).toBe(`${JSON.stringify(letter)}\n`)
    const count = rsyslog.lines().length
    expect((await sallyport('dead-letters', 'siem', '--retry')).stdout).toBe('siem: 1 sent again, 0 refused again\n')
    await vi.waitFor(() => expect(rsyslog.lines().length).toBeGreaterThan(count))
    expect((await sallyport('dead-letters', 'siem')).stdout).toBe('')
  })
})
