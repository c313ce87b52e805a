import { describe, expect, it } from 'vitest'
import { CAPABILITY } from '../../src/wire/mysql/capabilities.ts'
import { encodeFieldListColumn } from '../../src/wire/mysql/column.ts'
import { COLUMN_TYPE } from '../../src/wire/mysql/column-types.ts'
import { type Command, decodeCommand, encodeCommand } from '../../src/wire/mysql/command.ts'
import { encodePackets } from '../../src/wire/mysql/packets.ts'
import { encodePrepareOk } from '../../src/wire/mysql/prepare-ok.ts'
import { hex } from '../wire/mysql/samples.ts'
import { roleOf, START, type Step, utf8, worldOf } from './fixture.ts'
import {
  binary,
  client,
  column,
  count,
  end,
  execute,
  failed,
  MODERN,
  machineOf,
  ok,
  prepare,
  prepared,
  query,
  raw,
  row,
  server,
  story,
} from './mysql_story.ts'

const LAST = 0xffffffff
const CLEAR = 'bob@example.test'

const listed = (name: string, defaultValue: string | null) =>
  encodeFieldListColumn({
    schema: 'shop',
    table: 'users',
    orgTable: 'users',
    name,
    orgName: name,
    charset: 45,
    type: COLUMN_TYPE.varString,
    flags: 0,
    decimals: 0,
    defaultValue: defaultValue === null ? null : utf8(defaultValue),
  })

describe('COM_FIELD_LIST', () => {
  const fields = (table: string) => client({ kind: 'fieldList', table, wildcard: '%' })

  it('is judged as SHOW COLUMNS, and shows no default of a masked column', () => {
    const lines = story([fields('users'), server(listed('id', '7'), listed('email', CLEAR), end())])
    expect(lines.slice(0, 2)).toEqual(['record allow show', '> 4 users.%'])
    expect(lines.join('\n')).not.toContain(CLEAR)
    expect(lines.filter((line) => line.startsWith('<'))[0]).toMatch(/7$/)
    expect(lines.at(-1)).toBe('< 3 end')
  })

  it.each(['secrets', 'nowhere', 'a` b'])('of %s is refused', (table) => {
    const lines = story([fields(table)])
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^record deny/)
    expect(lines[1]).toMatch(/^< 1 error .* SP-/)
  })
})

describe('COM_PROCESS_KILL', () => {
  it('ends an own session, as KILL does', () => {
    const lines = story([client({ kind: 'processKill', connectionId: 7 })])
    expect(lines).toEqual(['record allow kill', 'cancel session-7', 'note ok kill rows 0', '< 1 ok'])
  })

  it('reaches nobody else', () => {
    expect(story([client({ kind: 'processKill', connectionId: 8 })]).at(-1)).toBe('< 1 error 1095 SP-KILL')
  })
})

describe('COM_SET_OPTION', () => {
  it.each([0, 1])('%i goes to the server', (option) => {
    expect(story([client({ kind: 'setOption', option }), server(end())])).toEqual(['> 1b .', '< 1 end'])
  })

  it('with an option that is unknown is refused', () => {
    expect(story([client({ kind: 'setOption', option: 2 })]).at(-1)).toBe('< 1 error 1235 SP-UNSUPPORTED')
  })
})

describe('an execution of the statement that was prepared last', () => {
  const ID = column('users.id')
  const PREPARE = [client(prepare('SELECT id FROM users'), execute(LAST)), server(prepared(1), ID, end())]

  it('sent together with its PREPARE goes out under its own id', () => {
    const lines = story([...PREPARE.slice(0, 1), server(prepared(1), ID), server(count(1), ID, binary('1'), end())])
    expect(lines).toContain('> 17 .')
    expect(lines).toContain('record allow select')
    expect(lines.at(-1)).toBe('< 4 end')
  })

  it.each([
    ['refused by the proxy', [client(prepare('SELECT * FROM secrets'), execute(LAST))]],
    ['refused by the server', [client(prepare('SELECT 1'), execute(LAST)), server(failed(1064, 'no'))]],
    [
      'closed since',
      [client(prepare('SELECT 1')), server(prepared(0)), client({ kind: 'stmtClose', statementId: 1 }, execute(LAST))],
    ],
  ])('is an error where that one was %s, and runs no earlier one', (_what, steps) => {
    const earlier = [client(prepare('SELECT id FROM users')), server(prepared(1), ID)]
    const lines = story([...earlier, ...steps])
    expect(lines.filter((line) => line.startsWith('> 17'))).toEqual([])
    expect(lines.at(-1)).toMatch(/^< 1 error 1835 SP-PROTOCOL/)
  })
})

describe('commands that stand on no list', () => {
  it.each([
    ['COM_PROCESS_INFO', [0x0a]],
    ['COM_DEBUG', [0x0d]],
    ['COM_SHUTDOWN', [0x08, 0]],
    ['COM_BINLOG_DUMP', [0x12]],
  ])('%s is refused, and the session goes on', (_what, payload) => {
    const lines = story([raw(...payload), client(query('SELECT 1')), server(count(1), column('1'), row('1'), end())])
    expect(lines.slice(0, 2)).toEqual(['record deny opaque SP-UNSUPPORTED', '< 1 error 1235 SP-UNSUPPORTED'])
    expect(lines.at(-1)).toBe('< 4 end')
  })
})

describe('query attributes', () => {
  const WITH = (MODERN | CAPABILITY.queryAttributes) >>> 0
  const attributes = [
    { type: COLUMN_TYPE.varString, flags: 0, name: 'trace', raw: utf8('\u0003abc'), value: { kind: 'bytes' } },
  ] as never
  const PREPARED = [prepared(1), column('users.id')]

  function sent(capabilities: number, ...commands: readonly Command[]) {
    const machine = machineOf(worldOf('mysql'), capabilities, WITH)
    return commands.flatMap((command) => {
      const effects = machine.onClient(encodePackets(encodeCommand(command, WITH), 0), START)
      const bytes = effects.flatMap((effect) =>
        effect.kind === 'sql' || effect.kind === 'server' ? [effect.bytes] : [],
      )
      const answer = command.kind === 'stmtPrepare' ? PREPARED : [ok()]
      for (const [at, payload] of answer.entries()) machine.onServer(encodePackets(payload, at + 1), START)
      const statement = () => ({ parameterCount: 0, types: null, longData: new Set<number>() })
      return bytes.map((packet) => decodeCommand(packet.subarray(4), { capabilities, statement }))
    })
  }

  it.each([
    ['go along where the server knows them', WITH, 1],
    ['are left out where it does not', MODERN, 0],
  ])('%s', (_what, capabilities, count) => {
    const run: Command = { kind: 'stmtExecute', statementId: 1, flags: 0, newTypes: true, parameters: [], attributes }
    const text = 'SELECT id FROM users'
    const [queried] = sent(capabilities, { kind: 'query', reading: 'utf8', text, bytes: utf8(text), attributes })
    const [, executed] = sent(capabilities, prepare(text), run)
    for (const command of [queried, executed]) {
      expect(command && 'attributes' in command && command.attributes).toHaveLength(count)
    }
  })
})

describe('a bulk execution of MariaDB', () => {
  const TYPES = [
    { type: COLUMN_TYPE.varString, flags: 0 },
    { type: COLUMN_TYPE.long, flags: 0 },
  ]
  const bulk = (values: string, statementId = 1): Command => {
    return { kind: 'stmtBulkExecute', statementId, types: TYPES, rows: 1, usesDefaults: false, values: hex(values) }
  }
  const TWO_ROWS = '00016100010000000100 02000000'.replaceAll(' ', '')
  const DEFAULTED = '0200 01000000'.replaceAll(' ', '')
  const preparedWith = (columns: number) =>
    server(
      encodePrepareOk({ statementId: 1, columns, parameters: 2, warnings: 0 }),
      column('?'),
      column('?'),
      ...Array.from({ length: columns }, () => column('users.id')),
    )
  const updating = client(prepare('UPDATE users SET name = ? WHERE id = ?'))

  it('is one decision and one completion, by the verdict of its statement', () => {
    const lines = story([updating, preparedWith(0), client(bulk(TWO_ROWS)), server(ok({ rows: 2 }))])
    expect(lines.filter((line) => /^(record|note|> fa)/.test(line))).toEqual([
      'record allow update',
      expect.stringMatching(/^> fa /),
      'note ok update rows 2',
    ])
  })

  it.each([
    ['with a default in place of a value', updating, preparedWith(0), DEFAULTED, 'SP-UNSUPPORTED'],
    [
      'of a SELECT',
      client(prepare('SELECT id FROM users WHERE name = ? AND id = ?')),
      preparedWith(1),
      TWO_ROWS,
      'SP-UNSUPPORTED',
    ],
    ['that ends early', updating, preparedWith(0), '0001', 'SP-PROTOCOL'],
  ])('%s is an error, and the session goes on', (_what, asked, given, values, code) => {
    const lines = story([asked, given, client(bulk(values), { kind: 'ping' }), server(ok())])
    expect(lines.at(-3)).toMatch(new RegExp(`^< 1 error .* ${code}$`))
    expect(lines.slice(-2)).toEqual(['> e', '< 1 ok'])
    expect(lines.some((line) => line.startsWith('> fa'))).toBe(false)
  })
})

describe('LOAD DATA LOCAL', () => {
  const FILES = (MODERN | CAPABILITY.localFiles) >>> 0
  const unlimited = () => worldOf('mysql', roleOf({ unrestricted: true }))
  const load = client(query("LOAD DATA LOCAL INFILE 'a' INTO TABLE users"))
  const asked = server(Uint8Array.of(0xfb, 0x61))
  const piece = (sequence: number, text: string): Step => ({
    from: 'client',
    bytes: encodePackets(utf8(text), sequence),
  })

  it('relays the file until its end, and then the answer', () => {
    const end: Step = { from: 'server', bytes: encodePackets(ok({ rows: 2 }), 5) }
    const lines = story(
      [load, asked, piece(2, 'KILL 7'), piece(3, 'two'), piece(4, ''), end, client({ kind: 'ping' })],
      unlimited,
      FILES,
    )
    expect(lines.filter((line) => /^[<>] /.test(line)).slice(1)).toEqual([
      '< 1 .a',
      '> 4b ILL 7',
      '> 74 wo',
      '> 0',
      '< 5 ok',
      '> e',
    ])
  })

  it('reads what follows an answer that came too early as commands', () => {
    const early: Step = { from: 'server', bytes: encodePackets(failed(1, 'no'), 2) }
    const lines = story([load, asked, early, client(query('SELECT 1'))], unlimited, FILES)
    expect(lines.slice(-2)).toEqual(['record allow select', '> 3 SELECT 1'])
  })

  it.each([
    ['who did not offer files', unlimited, MODERN],
    ['under a narrow role', () => worldOf('mysql'), FILES],
  ])('asks nobody %s: the session ends', (_what, world, capabilities) => {
    const lines = story([client(query('SELECT 1')), asked], world, capabilities)
    expect(lines.at(-1)).toBe('end SP-PROTOCOL')
  })
})

describe('COM_CHANGE_USER', () => {
  it('ends the session, its cursors first, and reads nothing more of its client', () => {
    const change = {
      kind: 'changeUser',
      user: 'bob',
      database: '',
      collation: 45,
      plugin: 'p',
      attributes: [],
    } as const
    const lines = story([client({ ...change, authResponse: utf8('x') }, query('SELECT 1'))])
    expect(lines).toEqual(['login_again'])
  })
})
