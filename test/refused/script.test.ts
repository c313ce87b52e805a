import { expect, it } from 'vitest'
import { readScript } from './script.ts'

const sqlOf = (text: string): readonly string[] => readScript(text).steps.map(({ sql }) => sql)

it.each([
  ['statements up to the delimiter', 'SELECT 1;\nSELECT\n 2;', ['SELECT 1', 'SELECT\n 2']],
  ['quotes around a delimiter', `SELECT ';', "a;b", \`c;d\`, 'it\\'s;';`, [`SELECT ';', "a;b", \`c;d\`, 'it\\'s;'`]],
  ['another delimiter', 'delimiter |;\nBEGIN; END|\ndelimiter ;|\nSELECT 1;', ['BEGIN; END', 'SELECT 1']],
  [
    'commands',
    '--error 1064\nSELECT 1;\n--echo done;\nlet $a = 1;\neval SELECT $a;\nSELECT 2;',
    ['SELECT 1', 'SELECT 2'],
  ],
  ['comments of the tester', '# nothing;\n-- nothing;\nSELECT 1;', ['SELECT 1']],
  ['statements that are sent', 'send SELECT 1;\nreap;\nquery_vertical SELECT 2;', ['SELECT 1', 'SELECT 2']],
  [
    'conditions',
    "if ($a)\n{\n  SELECT '}';\n}\nSELECT 1;\nwhile ($i) {\n  SELECT 2;\n}\nSELECT 3;",
    ['SELECT 1', 'SELECT 3'],
  ],
  ['files that are written', '--write_file $f\nSELECT 1;\nEOF\nperl;\nprint 1;\nEOF\nSELECT 2;', ['SELECT 2']],
  ['parts that are left out', '--disable_parsing\nSELECT 1;\n--enable_parsing\nSELECT 2;', ['SELECT 2']],
])('reads %s', (_what, text, expected) => {
  expect(sqlOf(text)).toEqual(expected)
})

it('says where a statement stands, and what is taken in before it', () => {
  const { steps, sources } = readScript('\nSELECT 1;\n--source include/a.inc\n\nSELECT 2;\n')
  expect(steps.map(({ line }) => line)).toEqual([2, 5])
  expect(sources).toEqual([{ file: 'include/a.inc', after: 1 }])
})
