import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'
import { auditOf, recordAfter } from './records.ts'
import { cellsOf, oneByte, plain, query, wireOf } from './wire.ts'

/** Where a person comes from: an IPv6 listener behind a load balancer that speaks the PROXY protocol. */

const HOST = '::1'
let stack: PostgresStack

beforeAll(async () => {
  const listener = { host: HOST, proxyProtocolFrom: ['::1/128'] }
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: CLUB_ROLES,
    masking: SHOWN_IN_PART,
    grants: usualGrants,
    listener,
  })
})
afterAll(() => stack?.stop())

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

function version1(line: string): Uint8Array {
  return Buffer.from(`${line}\r\n`, 'latin1')
}

function version2(command: number, family: number, body: string): Uint8Array {
  const bytes = Buffer.from(body, 'hex')
  return Buffer.concat([
    SIGNATURE,
    Buffer.from([0x20 | command, family, bytes.length >> 8, bytes.length & 0xff]),
    bytes,
  ])
}

const V6 = '20010db8000000000000000000000007'

describe('the address in the audit log', () => {
  it.each([
    ['version 1, IPv4', version1('PROXY TCP4 192.0.2.7 192.0.2.1 51111 5432'), '192.0.2.7', 51111],
    ['version 1, IPv6', version1('PROXY TCP6 2001:db8::7 2001:db8::1 51112 5432'), '2001:db8::7', 51112],
    ['version 2, IPv4', version2(1, 0x11, 'c0000208c0000201c7a91538'), '192.0.2.8', 51113],
    ['version 2, IPv6 and TLVs', version2(1, 0x21, `${V6}${V6}c7aa1538040003616263`), '2001:db8:0:0:0:0:0:7', 51114],
  ])('is that of PROXY %s', async (_what, preface, ip, port) => {
    const from = auditOf(stack).length
    const wire = await wireOf(stack, 'alice', { preface, host: HOST })
    expect(cellsOf(await wire.ask(query('SELECT phone FROM club.members WHERE id = 1')))).toEqual([['***********111']])
    for (const code of ['session.login', 'db.decision', 'db.completion']) {
      const record = await recordAfter(stack, from, ({ metadata }) => metadata.event_code === code)
      expect(record.src_endpoint).toEqual({ ip, port })
    }
    wire.end()
  })

  it.each([
    ['UNKNOWN of version 1', version1('PROXY UNKNOWN')],
    ['LOCAL of version 2', version2(0, 0, '')],
  ])("is the balancer's own for %s", async (_what, preface) => {
    const from = auditOf(stack).length
    const wire = await wireOf(stack, 'alice', { preface, host: HOST })
    const record = await recordAfter(stack, from, ({ metadata }) => metadata.event_code === 'session.login')
    expect(record.src_endpoint?.ip).toBe('::1')
    wire.end()
  })

  it('of a connection without the header is none: it is closed', async () => {
    for (const bytes of [
      Buffer.from('0000000804d2162f', 'hex'),
      version1('PROXY TCP4 nonsense'),
      version2(7, 0x11, ''),
    ]) {
      const socket = await plain(stack.proxy.postgresPort, HOST)
      socket.write(bytes)
      expect(await oneByte(socket)).not.toBe('S')
      socket.destroy()
    }
  })
})
