import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SallyportError } from '../../../src/errors.ts'
import type { LexMode } from '../../../src/sql/mysql/token.ts'
import { tokenize } from '../../../src/sql/mysql/tokenizer.ts'

const DEFAULT: LexMode = { ansiQuotes: false, noBackslashEscapes: false, flavour: 'mysql', version: 90_704 }
const MARIADB: LexMode = { ...DEFAULT, flavour: 'mariadb', version: 101_119 }

function kinds(text: string, mode = DEFAULT): string[] {
  return tokenize(text, mode)
    .filter(({ kind }) => kind !== 'end')
    .map(({ kind, text: written }) => `${kind} ${written}`)
}

describe('tokenize', () => {
  it.each<[string, string[]]>([
    ["'a''b'", ["string 'a''b'"]],
    ["'a\\'b' x", ["string 'a\\'b'", 'word x']],
    ["'a\\\\' x", ["string 'a\\\\'", 'word x']],
    ['"a""b"', ['string "a""b"']],
    ['`a``b`', ['quoted `a``b`']],
    ["N'a' n'b'", ["string N'a'", "string n'b'"]],
    ["X'41' x'41' 0x41", ["hex X'41'", "hex x'41'", 'hex 0x41']],
    ["B'01' 0b01", ["bit B'01'", 'bit 0b01']],
    ["x 'a'", ['word x', "string 'a'"]],
    ['1e5 1.5e-3 .5 7.', ['number 1e5', 'number 1.5e-3', 'number .5', 'number 7.']],
    ['5--1', ['number 5', 'op -', 'op -', 'number 1']],
    ['5 -- 1', ['number 5']],
    ['5--', ['number 5']],
    ['5--\t1\n6', ['number 5', 'number 6']],
    ['5 #1\n6', ['number 5', 'number 6']],
    ['5/* x */6', ['number 5', 'number 6']],
    ['@a @`a b` @\'c\' @"d"', ['uservar @a', 'uservar @`a b`', "uservar @'c'", 'uservar @"d"']],
    ['@@x @@session.x', ['sysvar @@x', 'sysvar @@session.x']],
    ['a->>b->c<=>d:=?', ['word a', 'op ->>', 'word b', 'op ->', 'word c', 'op <=>', 'word d', 'op :=', 'param ?']],
    ['a.b', ['word a', 'op .', 'word b']],
    ['größe', ['word größe']],
    ['1a 1e 0X41 0xZZ 0b12', ['word 1a', 'word 1e', 'word 0X41', 'word 0xZZ', 'word 0b12']],
    ['1e5x 1.5x 1ea10', ['number 1e5', 'word x', 'number 1.5', 'word x', 'word 1ea10']],
    ['1e+ 1e+10', ['word 1e', 'op +', 'number 1e+10']],
    [
      't.1a t.1e5 t.5 t .5',
      ['word t', 'op .', 'word 1a', 'word t', 'op .', 'word 1e5', 'word t', 'op .', 'word 5', 'word t', 'number .5'],
    ],
    ['@@`x` @@global.`x`', ['sysvar @@`x`', 'sysvar @@global.`x`']],
    ['``', ['quoted ``']],
    ["'a\0b' N'\0' 1", ["string 'a\0b'", "string N'\0'", 'number 1']],
    ['/* /* a */ 1', ['number 1']],
  ])('%s', (text, expected) => {
    expect(kinds(text)).toEqual(expected)
  })

  it.each<[string, string[]]>([
    ['/*! SELECT */ 1', ['word SELECT', 'number 1']],
    ['/*!40101 SET */', ['word SET']],
    ['/*!50699 a*/b', ['word a', 'word b']],
    ["/*! '*/' */ 1", ["string '*/'", 'number 1']],
    ['/*!50000a */', ['word a']],
    ['/*!500 a */', ['number 500', 'word a']],
    ['/*! 1 /* x */ + 1 */', ['number 1', 'op +', 'number 1']],
  ])('takes apart what every server executes: %s', (text, expected) => {
    expect(kinds(text)).toEqual(expected)
  })

  it.each([
    ["'a"],
    ["'a\\'"],
    ['`a'],
    ['`a `'],
    ['"a'],
    ['/* a'],
    ['/*! a'],
    ['/*! -- a\n*/'],
    ['/*! /*! a */ */'],
    ['/*!999999 a /* b */ c */'],
    ['/*!5000011 a */'],
    ['1.5e'],
    ['`t`.5a'],
    ['$a'],
    ['/*+ SET_VAR(sql_mode=ANSI) */'],
    ["x'4'"],
    ["b'2'"],
    ['@'],
    ['@@'],
    ['@@a.b.c.d'],
    ['a\u00a0b'],
    ['a\0b'],
    ['1 \0'],
    ['`a\0b`'],
    ["@'a\0b'"],
    ["'a' -- \0\n, 'b'"],
    ['/* \0 */ 1'],
    ["'a\0b' \0 'c'"],
    ['\u0001'],
    ['[a]'],
  ])('refuses %j', (text) => {
    expect(() => tokenize(text, DEFAULT)).toThrow(SallyportError)
  })

  it.each<[string, string[], string[]]>([
    ['1 /*!80000 + 2 */', ['number 1', 'op +', 'number 2'], ['number 1']],
    ['1 /*!99999 + 2 */', ['number 1'], ['number 1']],
    ['1 /*!080000 + 2 */', ['number 1', 'op +', 'number 2'], ['number 1']],
    ['1 /*!100100 + 2 */', ['number 1'], ['number 1', 'op +', 'number 2']],
    ['1 /*M!100100 + 2 */', ['number 1'], ['number 1', 'op +', 'number 2']],
    ['1 /*m!100100 + 2 */', ['number 1'], ['number 1']],
  ])('runs executable comments as either server does: %s', (text, mysql, mariadb) => {
    expect(kinds(text, DEFAULT)).toEqual(mysql)
    expect(kinds(text, MARIADB)).toEqual(mariadb)
  })

  it('refuses versions that the server may count otherwise', () => {
    expect(() => tokenize('/*!080000 a */', { ...DEFAULT, version: 80_403 })).toThrow(SallyportError)
    expect(() => tokenize('/*!80000 a */', { ...DEFAULT, version: 0 })).toThrow(SallyportError)
  })

  it('knows the words that name nothing without quotes, by flavour', () => {
    const names = (text: string, mode: LexMode) => tokenize(text, mode).map(({ name }) => name)
    expect(names('rank offset select `select`', DEFAULT)).toEqual([false, true, false, true, false])
    expect(names('rank offset select `select`', MARIADB)).toEqual([true, false, false, true, false])
    expect(names('a.select select.a', DEFAULT)).toEqual([true, false, true, true, false, true, false])
    expect(tokenize('a.select', DEFAULT)[2]!.upper).toBe('')
    expect(tokenize('sql_cache', DEFAULT)[0]!.upper).toBe('')
    expect(tokenize('\\N', MARIADB)[0]!.upper).toBe('NULL')
    expect(() => tokenize('\\N', DEFAULT)).toThrow(SallyportError)
  })

  it('reads quotes by sql_mode', () => {
    expect(kinds('"a"', { ...DEFAULT, ansiQuotes: true })).toEqual(['quoted "a"'])
    expect(kinds('@"a\\", b -- ", c', { ...DEFAULT, ansiQuotes: true })).toEqual(['uservar @"a\\"', 'op ,', 'word b'])
    expect(kinds('@"a""b" x', { ...DEFAULT, ansiQuotes: true })).toEqual(['uservar @"a""b"', 'word x'])
    expect(kinds("'a\\' b", { ...DEFAULT, noBackslashEscapes: true })).toEqual(["string 'a\\'", 'word b'])
  })

  it('decodes strings and names', () => {
    const values = tokenize("'a\\n''\\%' `x``y` N'z'", DEFAULT).map(({ value }) => value)
    expect(values).toEqual(["a\n'\\%", 'x`y', 'z', ''])
  })

  it('never calls a quoted name a keyword', () => {
    expect(tokenize('`select`', DEFAULT)[0]!.upper).toBe('')
  })

  const fragment = fc.constantFrom(
    ...["'", '"', '`', '\\', '--', '-- ', '#', '/*', '*/', '/*!', '/*!50000 ', '/*M!', '\n', ' ', 'a', '1', '.', '@'],
    ...['x', 'N', '0x', 'SELECT', ';', '(', ')', '=', '\u00e9', '\u{1F600}', '\0'],
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join('')),
  )

  it('gives tokens that stand in the text, in order, with nothing but comments and space between', () => {
    fc.assert(
      fc.property(
        text,
        fc.constantFrom(DEFAULT, MARIADB),
        fc.boolean(),
        fc.boolean(),
        (sql, mode, ansiQuotes, noBackslashEscapes) => {
          let tokens: ReturnType<typeof tokenize>
          try {
            tokens = tokenize(sql, { ...mode, ansiQuotes, noBackslashEscapes })
          } catch (error) {
            expect(error).toBeInstanceOf(SallyportError)
            return
          }
          let end = 0
          for (const token of tokens) {
            expect(token.start).toBeGreaterThanOrEqual(end)
            expect(sql.slice(token.start, token.end)).toBe(token.text)
            const between = sql.slice(end, token.start)
            if (!/--|#|\/\*|\*\//.test(between)) expect(between.trim()).toBe('')
            end = token.end
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})
