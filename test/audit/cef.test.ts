import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cefOf } from '../../src/audit/cef.ts'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import { everyAccessEvent } from './access_events.ts'
import { alert, apiCall, completion, decision, everyEvent, PRODUCT, SESSION } from './events.ts'

interface Parsed {
  readonly header: readonly string[]
  readonly extension: Readonly<Record<string, string>>
}

/** As a receiver reads it: the rules of escaping and no more, written apart from those of the writer. */
function parsed(line: string): Parsed {
  const header: string[] = []
  let at = 0
  let field = ''
  while (header.length < 7) {
    const char = line[at++]
    if (char === undefined) throw new Error(`the header ends early: ${line}`)
    if (char === '\\') field += line[at++]
    else if (char === '|') {
      header.push(field)
      field = ''
    } else field += char
  }
  const keys = [...line.slice(at).matchAll(/(?:^| )([A-Za-z0-9]+)=/g)].filter(
    ({ 0: found, index }) => line[at + index + found.length - 2] !== '\\',
  )
  const extension = keys.map(({ 0: found, 1: key = '', index }, i) => {
    const value = line.slice(at + index + found.length, at + (keys[i + 1]?.index ?? line.length))
    return [key, value.replace(/\\([\\=rn])/g, (_, char) => ({ r: '\r', n: '\n' })[char as string] ?? char)] as const
  })
  return { header, extension: Object.fromEntries(extension) }
}

function cefOfEvent(event: Parameters<typeof recordsOf>[0]): Parsed {
  return parsed(cefOf(toOcsf(recordsOf(event, PRODUCT).at(-1)!)))
}

describe('a record as CEF', () => {
  it('of a decision says who, from where, on what, and what was seen', () => {
    const columns = [
      { schema: 'app', table: 'users', column: 'id', seen: 'clear' },
      { schema: 'app', table: 'users', column: 'ssn', seen: 'masked' },
    ] as const
    const { header, extension } = cefOfEvent(decision({ columns }))
    expect(header).toEqual([
      'CEF:0',
      'Sallyport',
      'Sallyport',
      '0.1.0',
      'db.decision',
      'Datastore Activity: Query',
      '1',
    ])
    expect(extension).toMatchObject({
      rt: '1000',
      externalId: 'd-1',
      act: 'Modified',
      outcome: 'Success',
      msg: 'SELECT id FROM app.users WHERE id = $1',
      suser: 'alice@example.test',
      suid: 'u-alice',
      src: '10.0.0.5',
      spt: '51111',
      dhost: 'pg.example.test',
      dpt: '5432',
      duser: 'ro',
      destinationServiceName: 'orders',
      sourceServiceName: 'psql "14"',
      app: 'postgres',
      cs1Label: 'session',
      cs1: 's-1',
      cs2: 'g1',
      cs3: 'q-1',
      cs4: 'app.users',
      cs6: 'reader scope',
      flexString1Label: 'columns in clear',
      flexString1: 'app.users.id',
      flexString2: 'app.users.ssn',
    })
  })

  it('of a completion counts rows, bytes and time', () => {
    expect(cefOfEvent(completion()).extension).toMatchObject({ cn1: '3', cn2: '0', cn3: '6', out: '120', cs3: 'q-1' })
  })

  it('of a refusal, a call and an alert has its reason, its operation and its severity', () => {
    const denied = cefOfEvent(decision({ effect: 'deny', code: 'SP-SCOPE', reason: 'out of scope' }))
    expect(denied.extension).toMatchObject({ act: 'Denied', outcome: 'Failure', reason: 'SP-SCOPE: on call' })
    expect(cefOfEvent(apiCall()).extension).toMatchObject({
      suser: 'bob@example.test',
      requestMethod: 'POST',
      request: '/v1/grants/g1/revoke',
      requestClientApplication: 'sallyport/0.1.0',
      cs4: 'revokeGrant',
    })
    expect(cefOfEvent(alert()).header[6]).toBe('10')
    expect(cefOfEvent(alert()).extension).toMatchObject({ src: '10.0.0.5', suser: 'alice' })
  })

  it('puts an IPv6 address where CEF has it', () => {
    const { extension } = cefOfEvent(decision({ session: { ...SESSION, clientAddress: '2001:db8::1' } }))
    expect(extension).toMatchObject({ c6a2: '2001:db8::1', c6a2Label: 'Source IPv6 Address' })
    expect(extension).not.toHaveProperty('src')
  })

  it('of a part of a record carries the part', () => {
    const part = {
      class_uid: 0,
      raw_data: '{"a=b":"\\n',
      unmapped: { jit: { piece: { index: 1, count: 3, sha256: 'f0' } } },
    }
    expect(parsed(cefOf(part)).extension).toMatchObject({ rawEvent: '{"a=b":"\\n', cs1: 'f0', cn1: '1', cn2: '3' })
  })

  it.each(
    [...everyEvent(), ...everyAccessEvent()].map(
      (event) => [event.kind === 'access' ? event.activity : event.kind, event] as const,
    ),
  )('of %s is one line with its uid', (_name, event) => {
    for (const record of recordsOf(event, PRODUCT).map(toOcsf)) {
      const line = cefOf(record)
      expect(line).not.toMatch(/[\r\n]|undefined|\[object/)
      expect(parsed(line).extension.externalId).toBe((record.metadata as { uid: string }).uid)
    }
  })
})

describe('escaping', () => {
  it.each([
    ['a|b', 'a\\|b'],
    ['a\\b', 'a\\\\b'],
    ['a=b', 'a=b'],
    ['a\r\nb', 'a b'],
    ['a\\|b', 'a\\\\\\|b'],
  ])('of %j in the header', (text, written) => {
    expect(cefOf({ metadata: { event_code: text } })).toContain(`|${written}|`)
  })

  it.each([
    ['a|b', 'a|b'],
    ['a\\b', 'a\\\\b'],
    ['a=b', 'a\\=b'],
    ['a\nb', 'a\\nb'],
    ['a\rb', 'a\\rb'],
    ['a\\=b', 'a\\\\\\=b'],
    ['x suser=root', 'x suser\\=root'],
  ])('of %j in the extension', (text, written) => {
    expect(cefOf({ message: text }).split('|msg=')[1]).toBe(written)
  })

  it('of any text reads back as it was, and forges no field', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab =|\\\r\n"é💥'), minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(text, text, text, (code, message, user) => {
        const record = { metadata: { event_code: code }, message, actor: { user: { name: user } } }
        const { header, extension } = parsed(cefOf(record))
        expect(header[4]).toBe(code.replace(/[\r\n]+/g, ' '))
        expect(extension).toEqual({ msg: message, suser: user })
      }),
    )
  })
})
