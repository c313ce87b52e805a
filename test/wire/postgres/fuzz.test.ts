import fc from 'fast-check'
import { describe, it } from 'vitest'
import { SallyportError } from '../../../src/errors.ts'
import { answerScram, finishScram, startScram } from '../../../src/wire/postgres/auth/scram.ts'
import { type ClientPhase, decodeClient, encodeClient } from '../../../src/wire/postgres/client.ts'
import { columns, rewriteDataRow } from '../../../src/wire/postgres/data-row.ts'
import { type Frame, Framer } from '../../../src/wire/postgres/framer.ts'
import { rewriteRows } from '../../../src/wire/postgres/row-rewriter.ts'
import { decodeServer, encodeServer } from '../../../src/wire/postgres/server.ts'
import { decodeStartup, encodeStartup } from '../../../src/wire/postgres/startup.ts'
import { CLIENT, SERVER } from '../../../src/wire/postgres/type-bytes.ts'
import { clientSamples, hex, serverSamples, startupSamples, text, toHex } from './samples.ts'

const RUNS = { numRuns: 400 }
const PHASES: readonly ClientPhase[] = ['password', 'saslInitial', 'saslResponse', 'ready']
const NONCE = 'rOprNGfwEbeRWgbNEkqO'

/** Bytes of three kinds: small numbers (so that counts and lengths are plausible), any, and damaged samples. */
function bodies(samples: readonly string[]): fc.Arbitrary<Uint8Array> {
  const small = fc.array(fc.oneof(fc.constantFrom(0, 0, 0, 1, 2, 4, 65, 255), fc.nat(255)), { maxLength: 64 })
  const damage = fc.tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(255), fc.integer({ min: -3, max: 3 }))
  const damaged = damage.map(([sample, place, byte, cut]) => {
    const bytes = hex(sample)
    if (bytes.length > 0) bytes[place % bytes.length] = byte
    return cut < 0
      ? bytes.slice(0, Math.max(0, bytes.length + cut))
      : Uint8Array.from([...bytes, ...new Uint8Array(cut)])
  })
  return fc.oneof(
    small.map((bytes) => Uint8Array.from(bytes)),
    damaged,
    fc.uint8Array({ maxLength: 300 }),
  )
}

/** Answers or throws a `SallyportError`; any other error is a crash and fails the test. */
function orRefused<T>(attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch (error) {
    if (error instanceof SallyportError) return undefined
    throw error
  }
}

function frameOf(type: number, body: Uint8Array): Frame {
  return { type, bytes: Uint8Array.from([type, 0, 0, 0, 0, ...body]), body }
}

function sameBytes(encoded: Uint8Array, headerBytes: number, body: Uint8Array): void {
  if (toHex(encoded.subarray(headerBytes)) !== toHex(body)) throw new Error('encode(decode(bytes)) differs')
}

describe('every decoder decodes or refuses', () => {
  it.each(PHASES.flatMap((phase) => Object.entries(CLIENT).map((entry) => [phase, ...entry] as const)))(
    'client, phase %s: %s',
    (phase, _, type) => {
      const samples = clientSamples.map(([, , bytes]) => toHex(hex(bytes).subarray(5)))
      const check = fc.property(bodies(samples), (body) => {
        const message = orRefused(() => decodeClient(frameOf(type, body), phase))
        if (message !== undefined) sameBytes(encodeClient(message), 5, body)
      })
      fc.assert(check, RUNS)
    },
  )

  it.each(Object.entries(SERVER))('server: %s', (_, type) => {
    const samples = serverSamples.map(([, bytes]) => toHex(hex(bytes).subarray(5)))
    const check = fc.property(bodies(samples), (body) => {
      const message = orRefused(() => decodeServer(frameOf(type, body)))
      if (message === undefined || type === SERVER.errorResponse || type === SERVER.noticeResponse) return
      sameBytes(encodeServer(message), 5, body)
    })
    fc.assert(check, RUNS)
  })

  it('any type byte', () => {
    const check = fc.property(fc.nat(255), fc.uint8Array(), fc.constantFrom(...PHASES), (type, body, phase) => {
      orRefused(() => decodeClient(frameOf(type, body), phase))
      orRefused(() => decodeServer(frameOf(type, body)))
    })
    fc.assert(check, { numRuns: 3000 })
  })

  it('startup packets', () => {
    const samples = startupSamples.map(([, bytes]) => toHex(hex(bytes).subarray(4)))
    const check = fc.property(bodies(samples), (body) => {
      const packet = orRefused(() => decodeStartup(frameOf(0, body)))
      if (packet !== undefined) sameBytes(encodeStartup(packet), 4, body)
    })
    fc.assert(check, { numRuns: 2000 })
  })

  it('the framer', () => {
    const check = fc.property(
      fc.array(bodies(['44 00000008 00000000']), { maxLength: 8 }),
      fc.boolean(),
      (chunks, runs) => {
        const framer = new Framer({ maxBytes: 1000 })
        for (const chunk of chunks) framer.push(chunk)
        orRefused(() => {
          while ((runs ? framer.takeRun(SERVER.dataRow) : null) ?? framer.next()) {}
        })
        const startup = new Framer({ maxBytes: 1000 })
        for (const chunk of chunks) startup.push(chunk)
        orRefused(() => {
          while (startup.nextStartup()) {}
        })
      },
    )
    fc.assert(check, { numRuns: 2000 })
  })

  it('rows', () => {
    const samples = ['0002 00000001 61 ffffffff', '0001 00000000', '0000']
    const check = fc.property(bodies(samples), fc.array(fc.nat(3), { maxLength: 3 }), (body, ordinals) => {
      orRefused(() => columns(body))
      orRefused(() =>
        rewriteDataRow(
          body,
          ordinals,
          ordinals.map(() => text('*')),
        ),
      )
      orRefused(() => rewriteRows(body, 2, ordinals, () => null))
      const framed = Uint8Array.from([SERVER.dataRow, 0, 0, 0, body.length + 4, ...body])
      orRefused(() => rewriteRows(framed, 2, ordinals, (_, value) => value))
    })
    fc.assert(check, { numRuns: 3000 })
  })

  it('SCRAM messages', () => {
    const { state } = startScram('', NONCE, { kind: 'none' })
    const first = fc.oneof(
      fc.string(),
      fc.tuple(fc.string(), fc.string(), fc.integer({ max: 9 })).map(([r, s, i]) => `r=${NONCE}${r},s=${s},i=${i}`),
      fc.tuple(fc.base64String(), fc.nat(9)).map(([s, i]) => `r=${NONCE}x,s=${s},i=${i}`),
    )
    const final = fc.oneof(
      fc.string(),
      fc.base64String().map((v) => `v=${v}`),
    )
    const check = fc.property(
      fc.oneof(first.map(text), fc.uint8Array()),
      fc.oneof(final.map(text), fc.uint8Array()),
      (f, l) => {
        orRefused(() => answerScram(state, f, 'pencil'))
        orRefused(() => finishScram({ serverSignature: new Uint8Array(32) }, l))
      },
    )
    fc.assert(check, { numRuns: 2000 })
  })
})
