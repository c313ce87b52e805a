import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/audit/event.ts'
import { CONTROLS } from '../../src/reports/controls.ts'
import { createEvidence } from '../../src/reports/evidence.ts'
import type { Pack } from '../../src/reports/pack.ts'
import { csvOf } from '../../src/reports/pack_csv.ts'
import { pdfOf } from '../../src/reports/pack_pdf.ts'
import type { PackFormat } from '../../src/reports/report_thread.ts'
import { HOUR, MINUTE, NOW, role } from '../access/fixture.ts'
import { ASKED, alice, bob, carol, plane, root, YES } from '../control/fixture.ts'
import { PERIOD, policyWith, reportDeps, session, usage } from './fixture.ts'
import { logOf, sessionOf, statement } from './log.ts'

const WHOLE = { from: PERIOD.from, to: NOW + HOUR }
const ALL = CONTROLS.map(({ id }) => id)
const FORMULA = '=HYPERLINK("http://example.test")'

/** A period in which people asked, answered, connected and reviewed, with the log that the product wrote of it. */
async function lifecycle() {
  const { control, store, state } = await plane()
  const { request } = await control.createRequest(alice, { ...ASKED, reason: FORMULA })
  const { grant } = await control.vote(bob, request.id, YES)
  const id = grant!.id
  state.now += MINUTE
  await control.createRequest(carol, { ...ASKED, reason: 'Привет — a name\nof two lines' })
  await store.write(async (tx) => {
    await tx.sessions.insert(session('s1', id, { startedAt: NOW, endedAt: NOW + MINUTE }))
    await tx.usage.insert(usage(id, 'users', 'read', { firstAt: NOW, lastAt: NOW }))
  })
  state.now += 2 * MINUTE
  const plan = { name: 'Q1', ...PERIOD, to: state.now, reviewerGroups: ['dba'], dueAt: NOW + 9 * HOUR }
  await control.openReview(root, { ...plan, onUnanswered: 'revoke' })
  const events: AuditEvent[] = [...statement(1, sessionOf('alice'), 'SELECT 1'), ...state.events]
  const path = await logOf(events.map((event) => (event.kind === 'decision' ? { ...event, time: NOW } : event)))
  const deps = reportDeps(store, policyWith([role('reader')]), { log: path, now: state.now })
  return { evidence: createEvidence(deps, deps.audit), events }
}

function built({ evidence }: Awaited<ReturnType<typeof lifecycle>>, format: PackFormat, controls = ALL) {
  return evidence.build({ ...WHOLE, controls, format })
}

describe('a pack of evidence', () => {
  it('holds what people did, and the range of the log that proves it', async () => {
    const made = await lifecycle()
    const { fileName, bytes } = await built(made, 'json')
    expect(fileName).toBe('evidence-2025-12-15-to-2026-01-14.json')
    const pack = JSON.parse(new TextDecoder().decode(bytes))
    const rows = new Map<string, Record<string, unknown>[]>(
      pack.sections.map((section: { name: string; rows: object[] }) => [section.name, section.rows]),
    )
    expect(rows.get('requests')).toMatchObject([
      { requester: 'alice@example.test', state: 'approved', reason: FORMULA },
      { requester: 'carol@example.test', state: 'pending' },
    ])
    expect(rows.get('votes')).toMatchObject([{ by: 'bob@example.test', decision: 'approve', groups: 'dba' }])
    expect(rows.get('grants')).toMatchObject([{ holder: 'alice@example.test', approved_by: 'bob@example.test' }])
    expect(rows.get('sessions')).toMatchObject([{ id: 's1', account: 'sp_alice_1' }])
    expect(rows.get('review_lines')).toMatchObject([{ use: 'used', statements: 1, decision: null }])
    expect(rows.get('figures')?.find(({ figure }) => figure === 'sessions that are measured')).toMatchObject({
      value: 1,
    })
    const range = new Map(rows.get('audit_range')?.map(({ what, value }) => [what, value]))
    // The completion of the statement is of another time.
    expect(range.get('first sequence')).toBe(0)
    expect(range.get('last sequence')).toBe(made.events.length - 1)
    expect(range.get('chain')).toBe('holds')
    const counted = rows.get('audit_counts')?.reduce((sum, { records }) => sum + Number(records), 0)
    expect(counted).toBe(made.events.length - 1)
  })

  it('has for each control its sections and the range, and says so ahead', async () => {
    const made = await lifecycle()
    for (const { id, holds, standard } of made.evidence.controls()) {
      expect(holds.at(-1), `${standard} ${id}`).toBe('audit_range')
    }
    const { bytes } = await built(made, 'json', ['pci-dss-10.3'])
    const pack = JSON.parse(new TextDecoder().decode(bytes))
    expect(pack.sections.map(({ name }: { name: string }) => name)).toEqual(['audit_counts', 'audit_range'])
    await expect(built(made, 'json', ['soc3'])).rejects.toThrow(/SP-INPUT.*soc3/)
  })

  it.each<PackFormat>(['json', 'csv', 'pdf'])('is the same for the same records, as %s', async (format) => {
    const made = await lifecycle()
    const [one, two] = [await built(made, format), await built(made, format)]
    const digest = ({ bytes }: typeof one) => createHash('sha256').update(bytes).digest('hex')
    expect(digest(two)).toBe(digest(one))
    expect(one.bytes.length).toBeGreaterThan(2_000)
  })
})

function packWith(rows: Pack['sections'][number]['rows'], columns = ['a', 'b']): Pack {
  const section = { name: 'requests', title: 'Requests', about: 'All.', columns, rows } as const
  return { title: 'A pack', from: 0, to: NOW, controls: [], sections: [section] }
}

describe('as CSV', () => {
  it.each([
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\t=1', `"'\t=1"`],
    [' =1', `"' =1"`],
    ['\r=1', `"'\r=1"`],
    ['＝1', `"'＝1"`],
    ['a=1', '"a=1"'],
    ['say "no", twice', '"say ""no"", twice"'],
    ['two\nlines', '"two\nlines"'],
    ['', '""'],
    [null, ''],
    [-5, '-5'],
    [true, 'true'],
  ])('%j is %j', (cell, text) => {
    const lines = new TextDecoder().decode(csvOf(packWith([[cell, 'x']]))).split('\r\n')
    expect(lines).toContain(`${text},"x"`)
  })
})

describe('as PDF', () => {
  it('numbers its pages, and takes rows that are long, many, or of letters that it has none for', async () => {
    const rows = Array.from({ length: 2_100 }, (_, at) => [`row ${at}`, at % 50 ? 'x' : 'Привет '.repeat(90), at])
    const bytes = await pdfOf(packWith(rows, ['name', 'text', 'number']))
    const text = Buffer.from(bytes).toString('latin1')
    expect(text.startsWith('%PDF-1.')).toBe(true)
    const pages = Number(/\/Count (\d+)/.exec(text)?.[1])
    expect(pages).toBeGreaterThan(20)
    expect(text.match(/\/Type \/Page\b(?!s)/g)).toHaveLength(pages)
  })
})
