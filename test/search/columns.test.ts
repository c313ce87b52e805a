import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RECORD_COLUMNS } from '../../src/search/record_columns.ts'

test('the page of the search lists the columns as they are', () => {
  const page = readFileSync(new URL('../../docs/search.md', import.meta.url), 'utf8')
  const rows = RECORD_COLUMNS.map(({ name, type, about }) => `| \`${name}\` | ${type} | ${about} |`)
  expect(page).toContain(rows.join('\n'))
})
