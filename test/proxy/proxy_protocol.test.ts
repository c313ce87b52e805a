import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { parseProxyHeader } from '../../src/proxy/proxy_protocol.ts'

const ascii = (text: string) => new TextEncoder().encode(text)
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
const v4 = [192, 0, 2, 7, 192, 0, 2, 9, 0x1f, 0x90, 0x15, 0x38]
const v6 = [...Array(15).fill(0), 1, ...Array(15).fill(0), 2, 0x1f, 0x90, 0x15, 0x38]
const headerV2 = (command: number, family: number, body: number[]) =>
  Uint8Array.from([...SIGNATURE, command, family, body.length >> 8, body.length & 255, ...body])

describe('parseProxyHeader', () => {
  const good = [
    [ascii('PROXY TCP4 192.0.2.7 192.0.2.9 8080 5432\r\nrest'), { address: '192.0.2.7', port: 8080 }, 42],
    [ascii('PROXY TCP6 2001:db8::7 2001:db8::9 8080 5432\r\n'), { address: '2001:db8::7', port: 8080 }, 46],
    [ascii('PROXY UNKNOWN\r\n'), null, 15],
    [headerV2(0x21, 0x11, v4), { address: '192.0.2.7', port: 8080 }, 28],
    [headerV2(0x21, 0x21, v6), { address: '0:0:0:0:0:0:0:1', port: 8080 }, 52],
    [headerV2(0x21, 0x11, [...v4, 4, 0, 1, 9]), { address: '192.0.2.7', port: 8080 }, 32],
    [headerV2(0x20, 0x00, []), null, 16],
  ] as const

  it.each(good)('reads header %#', (bytes, source, length) => {
    expect(parseProxyHeader(bytes)).toEqual({ source, length })
  })

  it.each(good)('waits for the rest of header %#, cut at every byte', (bytes, _source, length) => {
    for (let cut = 0; cut < length; cut++) expect(parseProxyHeader(bytes.subarray(0, cut))).toBeNull()
  })

  it.each([
    ascii('GET / HTTP/1.1\r\n'),
    ascii('GET'),
    Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f),
    ascii('PROXY TCP4 192.0.2.7 192.0.2.9 99999 5432\r\n'),
    ascii(`PROXY UNKNOWN ${'x'.repeat(120)}`),
    headerV2(0x11, 0x11, v4),
    headerV2(0x22, 0x11, v4),
    headerV2(0x21, 0x12, v4),
    headerV2(0x21, 0x11, v4.slice(0, 8)),
  ])('refuses header %#', (bytes) => {
    expect(() => parseProxyHeader(bytes)).toThrowError(/SP-PROTOCOL/)
  })

  it('reads, waits or refuses whatever comes', () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 60 }).map((tail) => Uint8Array.from([...SIGNATURE, ...tail])),
    )
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        try {
          const header = parseProxyHeader(bytes)
          if (header) expect(header.length).toBeLessThanOrEqual(bytes.length)
        } catch (error) {
          expect(error).toBeInstanceOf(SallyportError)
        }
      }),
    )
  })
})
