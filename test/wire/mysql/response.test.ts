import { describe, expect, it } from 'vitest'
import { encodeBinaryRow } from '../../../src/wire/mysql/binary-row.ts'
import { encodeColumn } from '../../../src/wire/mysql/column.ts'
import { encodeEof, encodeErr, encodeOk } from '../../../src/wire/mysql/outcome.ts'
import { CHUNK_BYTES } from '../../../src/wire/mysql/packets.ts'
import { encodePrepareOk } from '../../../src/wire/mysql/prepare-ok.ts'
import { ResponseMachine, type ResponseTo } from '../../../src/wire/mysql/response.ts'
import { STATUS } from '../../../src/wire/mysql/server-status.ts'
import { encodeTextRow } from '../../../src/wire/mysql/text-row.ts'
import { CLASSIC, column, hex, MODERN, text } from './samples.ts'

const ok = (status = 2, header: 0x00 | 0xfe = 0x00) =>
  encodeOk({ affectedRows: 0n, lastInsertId: 0n, status, warnings: 0, info: text(''), changes: [] }, MODERN, header)
const eof = (status = 2) => encodeEof({ warnings: 0, status })
const definition = encodeColumn(column)
const row = encodeTextRow([text('a')])
const binary = encodeBinaryRow([column.type], [text('a')])
const one = hex('01')
const prepared = (columns: number, parameters: number) =>
  encodePrepareOk({ statementId: 1, columns, parameters, warnings: 0 })

function kinds(to: ResponseTo, capabilities: number, payloads: readonly Uint8Array[]): string[] {
  const machine = new ResponseMachine(to, capabilities)
  const seen = payloads.map((payload) => machine.next(payload).kind)
  return [...seen, ...(machine.done ? ['done'] : [])]
}

describe('ResponseMachine', () => {
  it.each<[string, ResponseTo, number, readonly Uint8Array[], string]>([
    ['OK', 'query', CLASSIC, [ok()], 'ok done'],
    [
      'rows',
      'query',
      CLASSIC,
      [one, definition, eof(), row, row, eof()],
      'columnCount columnDefinition eofAfterColumns row row resultEnd done',
    ],
    ['rows', 'query', MODERN, [one, definition, row, ok(2, 0xfe)], 'columnCount columnDefinition row resultEnd done'],
    [
      'an error among rows',
      'query',
      MODERN,
      [one, definition, row, encodeErr({ errno: 1, sqlState: 'HY000', message: '' })],
      'columnCount columnDefinition row err done',
    ],
    [
      'several results',
      'query',
      MODERN,
      [one, definition, ok(STATUS.moreResults, 0xfe), ok(STATUS.moreResults), one],
      'columnCount columnDefinition resultEnd ok columnCount',
    ],
    [
      'binary rows',
      'stmtExecute',
      CLASSIC,
      [one, definition, eof(), binary, eof()],
      'columnCount columnDefinition eofAfterColumns row resultEnd done',
    ],
    [
      'a cursor',
      'stmtExecute',
      CLASSIC,
      [one, definition, eof(STATUS.cursorExists)],
      'columnCount columnDefinition eofAfterColumns done',
    ],
    [
      'a cursor',
      'stmtExecute',
      MODERN,
      [one, definition, ok(STATUS.cursorExists, 0xfe)],
      'columnCount columnDefinition resultEnd done',
    ],
    ['a fetch', 'stmtFetch', CLASSIC, [binary, eof(STATUS.cursorExists)], 'row resultEnd done'],
    [
      'a prepare',
      'stmtPrepare',
      CLASSIC,
      [prepared(1, 1), definition, eof(), definition, eof()],
      'prepareOk parameterDefinition eofAfterParameters columnDefinition eofAfterColumns done',
    ],
    [
      'a prepare',
      'stmtPrepare',
      MODERN,
      [prepared(1, 2), definition, definition, definition],
      'prepareOk parameterDefinition parameterDefinition columnDefinition done',
    ],
    ['a prepare of nothing', 'stmtPrepare', CLASSIC, [prepared(0, 0)], 'prepareOk done'],
    [
      'fields',
      'fieldList',
      CLASSIC,
      [definition, definition, eof()],
      'columnDefinition columnDefinition resultEnd done',
    ],
    ['statistics', 'statistics', MODERN, [text('Uptime: 1')], 'statistics done'],
    ['an option', 'setOption', CLASSIC, [eof()], 'resultEnd done'],
    ['LOCAL INFILE', 'query', MODERN, [hex('fb 2f65')], 'localInfile done'],
    ['nothing', 'none', MODERN, [], 'done'],
  ])('%s (%s, %i)', (_, to, capabilities, payloads, wanted) => {
    expect(kinds(to, capabilities, payloads).join(' ')).toBe(wanted)
  })

  it('tells the end of rows from a row that begins with 0xfe', () => {
    const long = new Uint8Array(CHUNK_BYTES + 9)
    long[0] = 0xfe
    expect(kinds('query', CLASSIC, [one, definition, eof(), long]).at(-1)).toBe('row')
    expect(kinds('query', MODERN, [one, definition, long]).at(-1)).toBe('row')
    expect(kinds('query', CLASSIC, [one, definition, eof(), long.subarray(0, 9)]).at(-1)).toBe('row')
  })

  it.each<[string, ResponseTo, number, readonly Uint8Array[]]>([
    ['an empty packet', 'query', MODERN, [hex('')]],
    ['an EOF first', 'query', CLASSIC, [eof()]],
    ['more than the answer', 'query', MODERN, [ok(), ok()]],
    ['more than nothing', 'none', MODERN, [ok()]],
    ['rows for a ping', 'ok', MODERN, [one]],
    ['a file for a ping', 'ok', MODERN, [hex('fb61')]],
    ['a row in place of the EOF', 'query', CLASSIC, [one, definition, row]],
    ['a text row among binary ones', 'stmtExecute', MODERN, [one, definition, row]],
    ['an end of the other form', 'query', MODERN, [one, definition, eof()]],
    ['a row for an option', 'setOption', CLASSIC, [row]],
  ])('refuses %s', (_, to, capabilities, payloads) => {
    expect(() => kinds(to, capabilities, payloads)).toThrow(/SP-PROTOCOL/)
  })

  it('hands out what is surely a row, in the phase of rows alone', () => {
    const machine = new ResponseMachine('query', MODERN)
    expect([machine.rows, machine.acceptsRow(0x01, 2)]).toEqual([null, false])
    machine.next(one)
    machine.next(definition)
    expect([machine.rows, machine.acceptsRow(0x01, 2), machine.acceptsRow(0xfb, 1)]).toEqual(['text', true, true])
    expect([0xfe, 0xff, -1].map((first) => machine.acceptsRow(first, 9))).toEqual([false, false, false])
    const fetch = new ResponseMachine('stmtFetch', MODERN)
    expect([fetch.rows, fetch.acceptsRow(0, 9), fetch.acceptsRow(1, 9)]).toEqual(['binary', true, false])
  })
})
