import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SIGNALS } from '../../src/audit/alert_event.ts'
import { buildAlerts } from '../../src/config/build_alerts.ts'

/** That the commands exist with their options, and that links lead somewhere, is seen by test/docs.test.ts for all pages. */

const HEADINGS = ['What it means', 'The first five minutes', 'False alarms', 'Contain it', 'Afterwards']

describe('runbooks', () => {
  it('are there for each signal, and for nothing else', () => {
    const pages = globSync('docs/runbooks/*.md').map((path) => basename(path, '.md'))
    expect(pages.sort()).toEqual([...SIGNALS].sort())
  })

  it.each(SIGNALS)('%s says what to do, with commands', (signal) => {
    const text = readFileSync(buildAlerts().rules[signal].runbook, 'utf8')
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual(HEADINGS)
    expect(text).toContain(`Signal \`${signal}\``)
    expect(text).toMatch(/sallyport [a-z]|df -h/)
  })

  it.each(SIGNALS)('%s stands in the list of signals, with its severity', (signal) => {
    const [row = ''] = readFileSync('docs/alerts.md', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`| \`${signal}\` |`))
    expect(row).toContain(`| ${buildAlerts().rules[signal].severity} | [runbook](runbooks/${signal}.md) |`)
  })
})
