import { describe, expect, it } from 'vitest'
import { type ClientPhase, decodeClient, encodeClient } from '../../../src/wire/postgres/client.ts'
import { errorField, errorFields } from '../../../src/wire/postgres/error-response.ts'
import { type Frame, Framer } from '../../../src/wire/postgres/framer.ts'
import { decodeServer, encodeServer } from '../../../src/wire/postgres/server.ts'
import { decodeStartup, encodeStartup } from '../../../src/wire/postgres/startup.ts'
import { clientSamples, hex, serverSamples, startupSamples, text, toHex } from './samples.ts'

const MAX_BYTES = 1 << 20

function frameOf(bytes: Uint8Array, startup = false): Frame {
  const framer = new Framer({ maxBytes: MAX_BYTES })
  framer.push(bytes)
  const frame = startup ? framer.nextStartup() : framer.next()
  if (frame === null) throw new Error('the sample is not whole')
  expect(framer.buffered).toBe(0)
  return frame
}

describe('client messages', () => {
  it.each(clientSamples)('%j in phase %s', (message, phase, bytes) => {
    expect(toHex(encodeClient(message))).toBe(bytes.replaceAll(' ', ''))
    expect(decodeClient(frameOf(hex(bytes)), phase)).toEqual(message)
  })

  const refused: readonly (readonly [string, string, ClientPhase])[] = [
    ['text after a NUL', '51 00000008 61006200', 'ready'],
    ['no NUL', '51 00000005 61', 'ready'],
    ['invalid UTF-8', '51 00000006 ff00', 'ready'],
    ['overlong UTF-8', '51 00000007 c08000', 'ready'],
    ['a UTF-8 surrogate', '51 00000008 eda08000', 'ready'],
    ['an unknown type', '3f 00000004', 'ready'],
    ['a password after the login', '70 00000007 707700', 'ready'],
    ['a query during the login', '51 0000000d 53454c454354203100', 'password'],
    ['a password with a NUL inside', '70 00000008 61006200', 'password'],
    ['Sync with a body', '53 00000005 00', 'ready'],
    ['a third format code', '42 0000000e 00 00 0001 0002 0000 0000', 'ready'],
    ['two formats for one value', '42 00000014 00 00 0002 0000 0000 0001 ffffffff 0000', 'ready'],
    ['a value length of -2', '42 00000010 00 00 0000 0001 fffffffe 0000', 'ready'],
    ['a value longer than the message', '42 00000010 00 00 0000 0001 7fffffff 0000', 'ready'],
    ['a parameter count that lies', '50 00000008 00 00 ffff', 'ready'],
    ['Describe of something else', '44 00000006 51 00', 'ready'],
    ['Execute without its count', '45 00000005 00', 'ready'],
    ['bytes after Execute', '45 0000000a 00 00000000 00', 'ready'],
  ]
  it.each(refused)('refuses %s', (_, bytes, phase) => {
    expect(() => decodeClient(frameOf(hex(bytes)), phase)).toThrow(/SP-PROTOCOL/)
  })

  it('refuses to write a NUL inside a text', () => {
    expect(() => encodeClient({ kind: 'query', text: 'a\0b' })).toThrow(/SP-PROTOCOL/)
    expect(() => encodeClient({ kind: 'passwordMessage', password: text('a\0b') })).toThrow(/SP-PROTOCOL/)
  })

  it('refuses to write more parameters than a count can say', () => {
    const values = new Array<null>(65_536).fill(null)
    const bind = { portal: '', statement: '', parameterFormats: [], resultFormats: [] }
    expect(() => encodeClient({ kind: 'bind', ...bind, values })).toThrow(/SP-PROTOCOL/)
    const most = encodeClient({ kind: 'bind', ...bind, values: values.slice(1) })
    expect(decodeClient(frameOf(most), 'ready')).toMatchObject({ kind: 'bind', values: { length: 65_535 } })
  })

  it('refuses an answer of the login that is larger than the server takes', () => {
    const bytes = encodeClient({ kind: 'saslResponse', data: new Uint8Array(65_536) })
    expect(() => decodeClient(frameOf(bytes), 'saslResponse')).toThrow(/too large/)
  })
})

describe('server messages', () => {
  it.each(serverSamples)('%j', (message, bytes) => {
    expect(toHex(encodeServer(message))).toBe(bytes.replaceAll(' ', ''))
    expect(decodeServer(frameOf(hex(bytes)))).toEqual(message)
  })

  const refused: readonly (readonly [string, string, string])[] = [
    ['an unknown type', '3f 00000004', 'SP-PROTOCOL'],
    ['an unknown transaction status', '5a 00000005 58', 'SP-PROTOCOL'],
    ['two transaction statuses', '5a 00000006 4949', 'SP-PROTOCOL'],
    ['no transaction status', '5a 00000004', 'SP-PROTOCOL'],
    ['Kerberos', '52 00000008 00000002', 'SP-UNSUPPORTED'],
    ['GSSAPI', '52 00000008 00000007', 'SP-UNSUPPORTED'],
    ['AuthenticationOk with more', '52 00000009 00000000 00', 'SP-PROTOCOL'],
    ['a short salt', '52 0000000b 00000005 010203', 'SP-PROTOCOL'],
    ['mechanisms without their end', '52 0000000a 0000000a 4100', 'SP-PROTOCOL'],
    ['a cancel key of 3 bytes', '4b 0000000b 00000102 010203', 'SP-PROTOCOL'],
    ['a cancel key of 257 bytes', `4b 00000109 00000102 ${'00'.repeat(257)}`, 'SP-PROTOCOL'],
    ['a column count that lies', '54 00000006 0001', 'SP-PROTOCOL'],
    ['an error without its end', '45 00000007 4d6100', 'SP-PROTOCOL'],
    ['an error field code that is no ASCII', '45 00000007 c30000', 'SP-PROTOCOL'],
    ['a COPY format that is unknown', '47 00000007 02 0000', 'SP-PROTOCOL'],
    ['a negotiated protocol 2', '76 0000000c 00020000 00000000', 'SP-PROTOCOL'],
    ['options that lie in number', '76 0000000c 00030000 7fffffff', 'SP-PROTOCOL'],
    ['ParseComplete with a body', '31 00000005 00', 'SP-PROTOCOL'],
  ]
  it.each(refused)('refuses %s', (_, bytes, code) => {
    expect(() => decodeServer(frameOf(hex(bytes)))).toThrow(code)
  })

  it('reads an error in another encoding, and one without an SQLSTATE', () => {
    const error = decodeServer(frameOf(hex('45 00000009 4d ff6100 00')))
    expect(error).toEqual({ kind: 'errorResponse', fields: [['M', '\ufffda']] })
    expect(errorField(error.kind === 'errorResponse' ? error.fields : [], 'C')).toBeUndefined()
  })

  it('words an error of our own', () => {
    const fields = errorFields({
      severity: 'ERROR',
      sqlstate: '42501',
      message: 'no',
      detail: 'd',
      hint: 'h',
      position: 8,
    })
    expect(fields.map(([code, value]) => code + value)).toEqual(['SERROR', 'VERROR', 'C42501', 'Mno', 'Dd', 'Hh', 'P8'])
    expect(errorField(fields, 'C')).toBe('42501')
    expect(errorFields({ severity: 'NOTICE', sqlstate: '01000', message: 'm' })).toHaveLength(4)
  })

  it('refuses to write what a server would not read', () => {
    expect(() => encodeServer({ kind: 'errorResponse', fields: [['', 'x']] })).toThrow(/SP-PROTOCOL/)
    expect(() => encodeServer({ kind: 'errorResponse', fields: [['M', 'a\0b']] })).toThrow(/SP-PROTOCOL/)
    expect(() => encodeServer({ kind: 'authenticationSasl', mechanisms: [''] })).toThrow(/SP-PROTOCOL/)
    expect(() => encodeServer({ kind: 'authenticationMd5Password', salt: text('abc') })).toThrow(/SP-PROTOCOL/)
    expect(() => encodeServer({ kind: 'backendKeyData', pid: 1, key: text('abc') })).toThrow(/SP-PROTOCOL/)
    const negotiate = { kind: 'negotiateProtocolVersion', newestMinor: 65_536, unrecognised: [] } as const
    expect(() => encodeServer(negotiate)).toThrow(/SP-PROTOCOL/)
  })
})

describe('startup packets', () => {
  it.each(startupSamples)('%j', (packet, bytes) => {
    expect(toHex(encodeStartup(packet))).toBe(bytes.replaceAll(' ', ''))
    expect(decodeStartup(frameOf(hex(bytes), true))).toEqual(packet)
  })

  const refused: readonly (readonly [string, string, string])[] = [
    ['protocol 2', '00000008 00020000', 'SP-UNSUPPORTED'],
    ['protocol 4', '00000009 00040000 00', 'SP-UNSUPPORTED'],
    ['an unknown request', '00000008 04d21631', 'SP-UNSUPPORTED'],
    ['no code', '00000004', 'SP-PROTOCOL'],
    ['SSLRequest with more', '00000009 04d2162f 00', 'SP-PROTOCOL'],
    ['GSSENCRequest with more', '00000009 04d21630 00', 'SP-PROTOCOL'],
    ['a cancel key of 3 bytes', '0000000f 04d2162e 00000102 010203', 'SP-PROTOCOL'],
    ['a cancel key of 257 bytes', `0000010d 04d2162e 00000102 ${'00'.repeat(257)}`, 'SP-PROTOCOL'],
    ['parameters without their end', '0000000f 00030000 7573657200 6100', 'SP-PROTOCOL'],
    ['a parameter without a value', '0000000e 00030000 7573657200 00', 'SP-PROTOCOL'],
    ['bytes after the end of the parameters', '0000000a 00030000 00 00', 'SP-PROTOCOL'],
  ]
  it.each(refused)('refuses %s', (_, bytes, code) => {
    expect(() => decodeStartup(frameOf(hex(bytes), true))).toThrow(code)
  })

  it('refuses to write a parameter without a name', () => {
    const packet = { kind: 'startupMessage', minor: 0, parameters: [['', 'x']] } as const
    expect(() => encodeStartup(packet)).toThrow(/SP-PROTOCOL/)
  })
})
