import { nameOf } from '../access/person.ts'
import { isPersonLogin } from './figures.ts'
import { compared } from './order.ts'
import { type Cell, type Section, timeCell } from './pack.ts'
import type { PeriodRecords } from './period_records.ts'

/** The tables of a pack that show figures, what stands, and the log of record. */

type Table = Omit<Section, 'name'>

export function figureRows({ figures }: PeriodRecords): Table {
  const { standing } = figures
  const rows: Cell[][] = [
    ['standing credentials of people', figures.standingCredentials, '0'],
    ['of these: accounts in the configuration', standing.accounts, '0'],
    ['of these: grants of policy files', standing.grants, '0'],
    ['of these: logins of people on the databases', standing.logins, '0'],
    ['targets that were not checked for such logins', standing.targetsUnchecked, '0'],
    ['mean duration of access, minutes', minutes(figures.meanAccessMs), 'under 120'],
    ['sessions that are measured', figures.sessions, null],
    ['over-privileged sessions', figures.overPrivilegedSessions, 'under 10 % of those'],
    ['from request to first query, median, minutes', minutes(figures.requestToFirstQueryMs), 'under 5'],
    ['break-glass', figures.breakGlass, 'under 3 a month'],
    ['revocation latency, p99, milliseconds', figures.revocationP99Ms, 'under 30000'],
    ['idle grants', figures.idleGrants, '0'],
  ]
  const about = 'What is not measured is left empty: nothing of the period to measure.'
  return { title: 'Figures', about, columns: ['figure', 'value', 'aim'], rows }
}

const MINUTE_MS = 60_000
const TENTHS = 10

function minutes(ms: number | null): number | null {
  return ms === null ? null : Math.round((ms / MINUTE_MS) * TENTHS) / TENTHS
}

export function standingRows({ standingAccounts, fileGrants, posture }: PeriodRecords): Table {
  const rows: Cell[][] = [
    ...standingAccounts.map(({ target, user }) => ['account of the configuration', target, user, null]),
    ...fileGrants.map(({ holder, grant, end }) => [
      'grant of a policy file',
      ...[grant.target, `${nameOf(holder)}: ${grant.role}`, timeCell(end)],
    ]),
    ...posture.flatMap(({ target, findings }) =>
      findings.filter(isPersonLogin).map(({ object }) => ['login of a person on the database', target, object, null]),
    ),
  ]
  return {
    title: 'Standing credentials',
    about: 'What lets people in without a request, as it is when the pack is made.',
    columns: ['what', 'target', 'who', 'until'],
    rows: rows.sort((a, b) => compared(JSON.stringify(a), JSON.stringify(b))),
  }
}

export function postureRows({ posture }: PeriodRecords): Table {
  const byName = [...posture].sort((a, b) => compared(a.target, b.target))
  const rows = byName.flatMap(({ target, checkedAt, findings }): Cell[][] => {
    const at = timeCell(checkedAt)
    if (checkedAt === null) return [[target, null, null, null, null, 'not checked', null]]
    if (findings.length === 0) return [[target, at, null, null, null, 'nothing found', null]]
    return findings.map(({ id, severity, object, text, mend }) => [target, at, id, severity, object, text, mend])
  })
  return {
    title: 'Posture of the databases',
    about: 'What the last check of each target found, and how to mend it.',
    columns: ['target', 'checked', 'check', 'severity', 'object', 'finding', 'mend'],
    rows,
  }
}

export function auditCounts({ audit }: PeriodRecords): Table {
  return {
    title: 'Records of the audit log',
    about: 'How many records of the period the log of this node holds, by OCSF class and code of the event.',
    columns: ['class', 'code', 'records'],
    rows: audit.counts.map(({ className, code, count }) => [className, code, count]),
  }
}

export function auditRange({ audit: { file, range } }: PeriodRecords): Table {
  const about =
    'The lines of the log that prove the pack. Each line names the SHA-256 of the one before (RFC 6962 leaf hash), so ' +
    'that first and last fix everything between them; `sallyport audit verify` checks it.'
  const rows: Cell[][] =
    range === null
      ? [
          ['file', file],
          ['lines', 0],
        ]
      : [
          ...[
            ['file', file],
            ['writer', range.writer],
            ['lines', range.lines],
            ['bytes', range.bytes],
          ],
          ['sha256 of these bytes', range.sha256],
          ['first sequence', range.first.sequence],
          ['first time', timeCell(range.first.time)],
          ['first line, leaf hash', range.first.leafSha256],
          ['last sequence', range.last.sequence],
          ['last time', timeCell(range.last.time)],
          ['last line, leaf hash', range.last.leafSha256],
          ['chain', range.broken ?? 'holds'],
        ]
  return { title: 'Range of the audit log', about, columns: ['what', 'value'], rows }
}
