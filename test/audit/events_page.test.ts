import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pageParts } from './events_page.ts'

const PAGE = join(import.meta.dirname, '../../docs/audit-events.md')

it('the page of audit events shows what is made; `npx vitest run test/audit/events_page.test.ts -u` writes it', async () => {
  let page = readFileSync(PAGE, 'utf8')
  for (const [name, text] of Object.entries(pageParts())) {
    const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->\n`]
    const from = page.indexOf(begin) + begin.length
    const to = page.indexOf(end)
    expect(from).toBeGreaterThan(begin.length)
    page = `${page.slice(0, from)}\n${text.trim()}\n\n${to === -1 ? end + page.slice(from) : page.slice(to)}`
  }
  await expect(page).toMatchFileSnapshot(PAGE)
})
