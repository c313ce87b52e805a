/** Writes the pages of docs/ that follow from the source: `npm run docs`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { REFUSALS } from '../src/errors.ts'

const REFUSALS_PAGE = fileURLToPath(new URL('refusals.md', import.meta.url))

/** The table of refusals as a page. */
export function refusalsPage(): string {
  const rows = Object.entries(REFUSALS).map(
    ([code, { sqlstate, errno, mysqlState, cause, next }]) =>
      `| \`${code}\` | ${sqlstate} | ${errno} (${mysqlState}) | ${cause} | ${next} |`,
  )
  return [
    '# Refusals',
    '',
    'Generated from [src/errors.ts](../src/errors.ts) by `npm run docs`. The code stands in the message that the client',
    'shows and in the audit record.',
    '',
    '| code | SQLSTATE | MySQL errno | cause | next step |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

if (import.meta.main) writeFileSync(REFUSALS_PAGE, refusalsPage())
