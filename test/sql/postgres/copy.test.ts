import { describe, expect, test } from 'vitest'
import { analyzePostgres } from '../../../src/sql/postgres/analyze.ts'
import { columns, one, PARSER_15, PARSER_18 } from './parsers.ts'
import { SHOP } from './shop.ts'

const PLAIN = {
  direction: 'to',
  format: 'text',
  header: false,
  delimiter: '\t',
  quote: '"',
  escape: '"',
  nullText: '\\N',
  forceQuote: [],
}

describe('COPY', () => {
  test.each([
    ['COPY cases(id, state) TO STDOUT', {}, 'SELECT "id", "state" FROM ONLY "shop"."cases"'],
    ['COPY "Mixed Case" TO STDOUT', {}, 'SELECT "id", "Label", "tags" FROM ONLY "shop"."Mixed Case"'],
    ["COPY (SELECT ')' FROM cases -- )\n) TO STDOUT", {}, "SELECT ')' FROM cases -- )"],
    ['COPY ((TABLE cases)) TO STDOUT (FORMAT text)', {}, '(TABLE cases)'],
    ['/* é ( */ COPY (VALUES (1)) TO STDOUT BINARY', { format: 'binary' }, 'VALUES (1)'],
    ['COPY BINARY cases(id) TO STDOUT', { format: 'binary' }, 'SELECT "id" FROM ONLY "shop"."cases"'],
    ['COPY cases(id) TO STDOUT CSV HEADER', { format: 'csv', delimiter: ',', nullText: '', header: true }, null],
    [
      "COPY cases(id) TO STDOUT WITH (FORMAT csv, HEADER 1, DELIMITER ';', QUOTE '''', ESCAPE '\\', NULL 'x', FORCE_QUOTE (id), ENCODING 'UTF-8')",
      { format: 'csv', header: true, delimiter: ';', quote: "'", escape: '\\', nullText: 'x', forceQuote: ['id'] },
      null,
    ],
    [
      "COPY cases(id) TO STDOUT WITH DELIMITER AS '|' NULL AS '' CSV QUOTE AS '$' FORCE QUOTE *",
      { format: 'csv', delimiter: '|', quote: '$', escape: '$', nullText: '', forceQuote: 'all' },
      null,
    ],
    ['COPY cases(id) TO STDOUT (HEADER false, FREEZE false)', {}, null],
  ])('%s', (sql, shape, query) => {
    for (const parser of [PARSER_15, PARSER_18]) {
      const facts = one(sql, parser)
      expect([facts.kind, facts.opaque]).toEqual(['copy', null])
      expect(facts.copy).toMatchObject({ ...PLAIN, ...shape })
      if (query !== null) expect(facts.copy?.query).toBe(query)
      expect(facts.verbs).toEqual(expect.arrayContaining(['read', 'export']))
      expect(columns(facts).every((column) => column.endsWith('computed'))).toBe(true)
    }
  })

  test('a write with RETURNING takes its rows out', () => {
    const facts = one('COPY (DELETE FROM users WHERE id = 1 RETURNING email) TO STDOUT')
    expect(facts).toMatchObject({ kind: 'copy', copy: { query: 'DELETE FROM users WHERE id = 1 RETURNING email' } })
    expect([...facts.verbs].sort()).toEqual(['delete', 'export', 'read'])
    expect(facts.uses[0]).toMatchObject({ role: 'target', verbs: ['delete'] })
  })

  test('FROM writes the columns that it names, and its WHERE reads', () => {
    const facts = one(
      "COPY users(id, email) FROM STDIN (FORMAT csv, HEADER match, FORCE_NULL (id), DEFAULT 'x', ON_ERROR ignore, LOG_VERBOSITY verbose, REJECT_LIMIT 3, FREEZE) WHERE ssn = 'x'",
    )
    expect(facts).toMatchObject({ kind: 'copy', opaque: null, hasWhere: true })
    expect(facts.copy).toMatchObject({ direction: 'from', format: 'csv', header: true, query: null })
    expect(columns(facts)).toEqual(['users.email=written', 'users.id=written', 'users.ssn=computed'])
    expect([...facts.verbs].sort()).toEqual(['insert', 'read'])
    expect(facts.uses[0]).toMatchObject({ role: 'target', verbs: ['insert'] })
    expect(one('COPY cases FROM STDIN').verbs).toEqual(['insert'])
  })

  test('generated columns stay out of the list', () => {
    const users = SHOP.catalog.relations.get('shop\0users')!
    const generated = users.columns.map((column) =>
      column.name === 'email_lower' ? { ...column, generatedFrom: ['email'] } : column,
    )
    const relations = new Map(SHOP.catalog.relations).set('shop\0users', { ...users, columns: generated })
    const context = { ...SHOP, catalog: { ...SHOP.catalog, relations } }
    const [all] = analyzePostgres('COPY users TO STDOUT', context, PARSER_18).statements
    expect(all?.copy?.query).not.toContain('email_lower')
    const [named] = analyzePostgres('COPY users(email_lower) TO STDOUT', context, PARSER_18).statements
    expect(named?.opaque?.code).toBe('SP-COLUMN')
  })

  test.each([
    ["COPY users TO '/tmp/x'", 'SP-EXPORT'],
    ["COPY users TO PROGRAM 'cat'", 'SP-EXPORT'],
    ["COPY users FROM '/tmp/x' CSV", 'SP-EXPORT'],
    ['COPY payments TO STDOUT', 'SP-OPAQUE'],
    ['COPY v_user_contacts TO STDOUT', 'SP-OPAQUE'],
    ['COPY (DELETE FROM users) TO STDOUT', 'SP-OPAQUE'],
    ["COPY users TO STDOUT (ENCODING 'latin1')", 'SP-OPAQUE'],
    ['COPY users(id, id) TO STDOUT', 'SP-COLUMN'],
    ['COPY users(id) TO STDOUT (FORMAT csv, FORCE_QUOTE (email))', 'SP-COLUMN'],
    ['COPY users TO STDOUT (FORMAT parquet)', 'SP-SYNTAX'],
    ["COPY users TO STDOUT (DELIMITER 'ab')", 'SP-SYNTAX'],
    ["COPY users TO STDOUT (DELIMITER 'a')", 'SP-SYNTAX'],
    ["COPY users TO STDOUT (DELIMITER 'é')", 'SP-SYNTAX'],
    ["COPY users TO STDOUT (QUOTE 'x')", 'SP-SYNTAX'],
    ["COPY users TO STDOUT (FORMAT binary, DELIMITER ',')", 'SP-SYNTAX'],
    ['COPY users TO STDOUT (HEADER match)', 'SP-SYNTAX'],
    ['COPY users TO STDOUT (FREEZE)', 'SP-SYNTAX'],
    ['COPY users TO STDOUT (HEADER, HEADER)', 'SP-SYNTAX'],
    ['COPY users TO STDOUT (FORMAT csv, NEW_OPTION 1)', 'SP-SYNTAX'],
    ["COPY users TO STDOUT (FORMAT csv, NULL ',')", 'SP-SYNTAX'],
    ["COPY users TO STDOUT (NULL E'a\\nb')", 'SP-SYNTAX'],
  ])('refused: %s', (sql, code) => {
    const facts = one(sql)
    expect([facts.kind, facts.opaque?.code]).toEqual(['opaque', code])
  })
})
