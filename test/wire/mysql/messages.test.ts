import { describe, expect, it } from 'vitest'
import {
  decodeAuthMoreData,
  decodeAuthSwitchRequest,
  encodeAuthMoreData,
  encodeAuthSwitchRequest,
} from '../../../src/wire/mysql/auth-switch.ts'
import { CAPABILITY, EXTENDED, EXTENDED_OFFERED, negotiate, OFFERED } from '../../../src/wire/mysql/capabilities.ts'
import { decodeColumn, decodeColumnCount, encodeColumn } from '../../../src/wire/mysql/column.ts'
import { decodeCommand, encodeCommand } from '../../../src/wire/mysql/command.ts'
import { decodeLogin, encodeHandshakeResponse, encodeSslRequest } from '../../../src/wire/mysql/handshake-response.ts'
import { decodeHandshakeV10, encodeHandshakeV10, serverVersion } from '../../../src/wire/mysql/handshake-v10.ts'
import {
  decodeEof,
  decodeErr,
  decodeOk,
  encodeEof,
  encodeErr,
  encodeOk,
  encodeResultEnd,
} from '../../../src/wire/mysql/outcome.ts'
import { decodePrepareOk, encodePrepareOk } from '../../../src/wire/mysql/prepare-ok.ts'
import { decodeServerLogin } from '../../../src/wire/mysql/server-login.ts'
import { CLASSIC, column, commands, hex, MODERN, SCRAMBLE, statement, text, toHex } from './samples.ts'

const context = { capabilities: MODERN, statement }

describe('capabilities', () => {
  it('never agree on hidden descriptions', () => {
    const agreed = negotiate(0xffffffff, 0xffffffff)
    const { optionalResultsetMetadata, ignoreSpace } = CAPABILITY
    expect(agreed & (optionalResultsetMetadata | ignoreSpace)).toBe(0)
    expect(negotiate(0xffffffff, OFFERED)).toBe(OFFERED)
    expect(() => negotiate(CAPABILITY.protocol41, OFFERED)).toThrow(/SP-UNSUPPORTED/)
  })
})

describe('handshake', () => {
  const handshake = {
    version: '8.4.0',
    connectionId: 7,
    scramble: SCRAMBLE,
    capabilities: MODERN,
    collation: 45,
    status: 2,
    plugin: 'caching_sha2_password',
  }

  it('round trips', () => {
    const decoded = decodeHandshakeV10(encodeHandshakeV10({ ...handshake, kind: 'handshakeV10' }))
    expect(decoded).toEqual({ ...handshake, kind: 'handshakeV10', extended: 0 })
  })

  it('has a scramble that every driver reads alike', () => {
    const wrong = SCRAMBLE.with(3, 0x80)
    expect(() => encodeHandshakeV10({ ...handshake, kind: 'handshakeV10', scramble: wrong })).toThrow(/printable/)
    expect(() => encodeHandshakeV10({ ...handshake, kind: 'handshakeV10', scramble: SCRAMBLE.subarray(1) })).toThrow()
  })

  it('offers MariaDB’s flags as MariaDB does', () => {
    const bytes = encodeHandshakeV10({ ...handshake, kind: 'handshakeV10', extended: EXTENDED_OFFERED })
    const decoded = decodeHandshakeV10(bytes)
    expect(decoded.extended).toBe(EXTENDED.bulkOperations | EXTENDED.extendedMetadata)
    expect(decoded.capabilities & CAPABILITY.longPassword).toBe(0)
  })

  it("has MariaDB's flags only without the first capability", () => {
    const bytes = encodeHandshakeV10({ ...handshake, kind: 'handshakeV10', version: '5.5.5-11.4.2-MariaDB' })
    const at = text('5.5.5-11.4.2-MariaDB').length + 2
    bytes[at + 4 + 9 + 2 + 3 + 2 + 1 + 6] = 0x1d
    expect(decodeHandshakeV10(bytes).extended).toBe(0)
    bytes[at + 4 + 9]! &= ~1
    expect(decodeHandshakeV10(bytes).extended).toBe(0x1d)
    expect(serverVersion('5.5.5-11.4.2-MariaDB')).toEqual({ mariadb: true, version: '11.4.2-MariaDB' })
    expect(serverVersion('8.4.0')).toEqual({ mariadb: false, version: '8.4.0' })
  })
})

describe('login', () => {
  const login = {
    capabilities: MODERN,
    maxPacketBytes: 1 << 24,
    collation: 45,
    extended: 0,
    user: 'alice/shop',
    authResponse: new Uint8Array(300).fill(1),
    database: 'shop',
    plugin: 'caching_sha2_password',
    attributes: [['_client_name', 'libmysql']] as const,
    zstdLevel: null,
  }

  it('round trips with each set of fields', () => {
    expect(decodeLogin(encodeHandshakeResponse(login))).toEqual({ kind: 'handshakeResponse', ...login })
    const bare = CAPABILITY.protocol41 | CAPABILITY.secureConnection | CAPABILITY.longPassword
    const small = {
      ...login,
      capabilities: bare,
      authResponse: text('x'),
      database: null,
      plugin: null,
      attributes: [],
    }
    expect(decodeLogin(encodeHandshakeResponse(small))).toEqual({ kind: 'handshakeResponse', ...small })
    expect(() => encodeHandshakeResponse({ ...login, capabilities: bare })).toThrow(/255/)
    const zstd = { ...login, capabilities: (MODERN | CAPABILITY.zstd) >>> 0, zstdLevel: 3 }
    expect(decodeLogin(encodeHandshakeResponse(zstd))).toEqual({ kind: 'handshakeResponse', ...zstd })
  })

  it('tells a request for TLS from a login', () => {
    const head = { capabilities: (MODERN | CAPABILITY.ssl) >>> 0, maxPacketBytes: 1, collation: 8, extended: 0 }
    expect(decodeLogin(encodeSslRequest(head))).toEqual({ kind: 'sslRequest', ...head })
    expect(() => decodeLogin(encodeSslRequest({ ...head, capabilities: MODERN }))).toThrow(/SP-PROTOCOL/)
  })

  it('is refused when older than 4.1, with bytes after it, or with too many attributes', () => {
    expect(() => decodeLogin(hex('0100 000000 61 00'))).toThrow(/SP-UNSUPPORTED/)
    expect(() => decodeLogin(Uint8Array.from([...encodeHandshakeResponse(login), 0]))).toThrow(/SP-PROTOCOL/)
    const many = Array.from({ length: 700 }, (_, i) => [`name${i}`, 'v'.repeat(100)] as const)
    expect(() => encodeHandshakeResponse({ ...login, attributes: many })).toThrow(/65535/)
  })

  it('switches', () => {
    const data = Uint8Array.from([...SCRAMBLE, 0])
    const request = { kind: 'authSwitchRequest', plugin: 'mysql_clear_password', data }
    const bytes = encodeAuthSwitchRequest('mysql_clear_password', data)
    expect(decodeAuthSwitchRequest(bytes)).toEqual(request)
    expect(decodeServerLogin(bytes, MODERN)).toEqual(request)
    expect(decodeAuthMoreData(encodeAuthMoreData(hex('04')))).toEqual({ kind: 'authMoreData', data: hex('04') })
    expect(() => decodeServerLogin(hex('fe'), MODERN)).toThrow(/before 4.1/)
    expect(() => decodeServerLogin(hex('02 6100'), MODERN)).toThrow(/SP-UNSUPPORTED/)
  })
})

describe('a bulk execution', () => {
  const head = 'fa 08000000'
  const read = (bytes: string) => decodeCommand(hex(bytes.replaceAll(' ', '')), context)

  it('counts its rows, and finds each value', () => {
    expect(read(`${head} 8000 0300 fd00 00 01000000 01 00 02000000 00 0161`)).toMatchObject({ rows: 2 })
    expect(read(`${head} 0000 00 01000000 03`)).toMatchObject({ rows: 1, types: null, usesDefaults: true })
  })

  it.each([
    ['results of each row', `${head} 4000 01 01`, /SP-UNSUPPORTED/],
    ['no row', `${head} 0000`, /SP-PROTOCOL/],
    ['half a row', `${head} 0000 01`, /SP-PROTOCOL/],
    ['half a value', `${head} 0000 00 0100`, /SP-PROTOCOL/],
    ['an unknown indicator', `${head} 0000 04 01`, /SP-PROTOCOL/],
    ['no parameters', 'fa 00000000 0000 01', /SP-PROTOCOL/],
    ['an unknown statement', 'fa 09000000 0000 01', /SP-PROTOCOL/],
    ['types of no known length', `${head} 8000 2000 fd00 00 01`, /SP-UNSUPPORTED/],
  ])('with %s is refused', (_what, bytes, error) => {
    expect(() => read(bytes)).toThrow(error)
  })
})

describe('commands', () => {
  it.each(commands.map((command) => [command.kind, command] as const))('%s', (_, command) => {
    expect(decodeCommand(encodeCommand(command, MODERN), context)).toEqual(command)
  })

  it('go without attributes where these were not agreed', () => {
    const query = commands.find((command) => command.kind === 'query' && command.attributes.length > 0)!
    const decoded = decodeCommand(encodeCommand(query, CLASSIC), { ...context, capabilities: CLASSIC })
    expect(decoded).toEqual({ ...query, attributes: [] })
    const execute = commands.find((command) => command.kind === 'stmtExecute')!
    const classic = decodeCommand(encodeCommand(execute, CLASSIC), { ...context, capabilities: CLASSIC })
    expect(classic).toEqual({ ...execute, flags: 0, attributes: [] })
  })

  it('take types from the last execution and values from long data', () => {
    const shape = {
      parameterCount: 2,
      types: [
        { type: 3, flags: 0 },
        { type: 0xfc, flags: 0 },
      ],
      longData: new Set([1]),
    }
    const payload = hex('17 07000000 00 01000000 00 00 05000000')
    const decoded = decodeCommand(payload, { capabilities: CLASSIC, statement: () => shape })
    expect(decoded).toMatchObject({
      newTypes: false,
      parameters: [{ value: { kind: 'integer', value: 5n } }, { raw: null, value: { kind: 'longData' } }],
    })
    const unbound = { ...shape, types: null }
    expect(() => decodeCommand(payload, { capabilities: CLASSIC, statement: () => unbound })).toThrow(/SP-PROTOCOL/)
  })

  it.each([
    ['', 'empty'],
    ['0e00', 'bytes after a ping'],
    ['17 09000000 00 01000000', 'a statement that was not prepared'],
    ['17 00000000 00 02000000', 'executed twice'],
  ])('%s is refused: %s', (bytes) => {
    expect(() => decodeCommand(hex(bytes), { ...context, capabilities: CLASSIC })).toThrow(/SP-PROTOCOL/)
  })

  it.each([0x00, 0x05, 0x06, 0x07, 0x0d, 0x12, 0x15, 0x1e, 0x20, 0xfb, 0xff])(
    'code %i is unknown and is not sent on',
    (code) => {
      const command = decodeCommand(Uint8Array.of(code, 1, 2), context)
      expect(command).toEqual({ kind: 'unknown', code })
      expect(() => encodeCommand(command, MODERN)).toThrow(/SP-PROTOCOL/)
    },
  )
})

describe('outcomes', () => {
  const ok = {
    affectedRows: 3n,
    lastInsertId: 18446744073709551615n,
    status: 0x4002,
    warnings: 1,
    info: text('Rows matched: 3'),
  }
  const changes = [
    { kind: 'systemVariables', pairs: [['autocommit', 'ON']] },
    { kind: 'schema', name: 'shop' },
    { kind: 'stateChange', changed: '1' },
    { kind: 'gtids', encoding: 0, gtids: 'uuid:1-5' },
    { kind: 'transactionCharacteristics', statements: 'START TRANSACTION READ ONLY;' },
    { kind: 'transactionState', state: 'T_______' },
    { kind: 'unknown', type: 99, data: text('?') },
  ] as const

  it('OK with its changes', () => {
    const whole = { kind: 'ok', ...ok, changes } as const
    expect(decodeOk(encodeOk(whole, MODERN), MODERN)).toEqual(whole)
    expect(encodeOk(whole, MODERN, 0xfe)[0]).toBe(0xfe)
    expect(decodeOk(encodeOk(whole, CLASSIC), CLASSIC)).toEqual({ ...whole, status: 2, changes: [] })
    expect(() => decodeOk(Uint8Array.from([...encodeOk(whole, MODERN), 1]), MODERN)).toThrow(/SP-PROTOCOL/)
  })

  it('errors with and without an SQLSTATE', () => {
    const err = { kind: 'err', errno: 1142, sqlState: '42000', message: 'denied é' } as const
    expect(decodeErr(encodeErr(err))).toEqual(err)
    expect(decodeErr(encodeErr({ ...err, sqlState: null }))).toEqual({ ...err, sqlState: null })
    expect(() => encodeErr({ ...err, sqlState: '4200' })).toThrow()
    expect(() => decodeErr(hex('ff ffff 01'))).toThrow(/progress/)
  })

  it('the end of a result in either form', () => {
    const eof = { kind: 'eof', warnings: 2, status: 0x22 } as const
    expect(decodeEof(encodeEof(eof))).toEqual(eof)
    expect(decodeEof(encodeResultEnd({ kind: 'ok', ...ok, changes: [] }, CLASSIC))).toEqual({
      kind: 'eof',
      warnings: 1,
      status: 2,
    })
    expect(decodeOk(encodeResultEnd(eof, MODERN), MODERN)).toMatchObject({
      warnings: 2,
      status: 0x22,
      affectedRows: 0n,
    })
  })

  it('columns and prepared statements', () => {
    const definition = { kind: 'columnDefinition', ...column, defaultValue: null, extendedType: null } as const
    expect(decodeColumn(encodeColumn(definition))).toEqual(definition)
    const withDefault = { ...definition, defaultValue: text('none') }
    expect(decodeColumn(encodeColumn(withDefault))).toEqual(withDefault)
    expect(decodeColumn(Uint8Array.from([...encodeColumn(definition), 0xfb]))).toEqual(definition)
    expect([decodeColumnCount(hex('05')), decodeColumnCount(hex('fc0010'))]).toEqual([5, 4096])
    for (const bad of ['00', 'fc0110', '0500', 'fe']) expect(() => decodeColumnCount(hex(bad))).toThrow(/SP-PROTOCOL/)
    const prepared = { kind: 'prepareOk', statementId: 1, columns: 2, parameters: 3, warnings: 0 } as const
    expect(decodePrepareOk(encodePrepareOk(prepared))).toEqual(prepared)
    expect(toHex(encodePrepareOk(prepared))).toBe('000100000002000300000000')
  })
})
