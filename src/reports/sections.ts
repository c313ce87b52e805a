import { nameOf } from '../access/person.ts'
import type { SectionName } from './controls.ts'
import type { GrantFinding } from './grant_findings.ts'
import { compared } from './order.ts'
import { type Cell, type Section, timeCell } from './pack.ts'
import type { PeriodRecords } from './period_records.ts'
import type { GrantedUnit } from './scope_use.ts'
import { auditCounts, auditRange, figureRows, postureRows, standingRows } from './sections_of_state.ts'

/** The tables of a pack. Rows are in the order of their times or ids, so that equal records give equal packs. */

type Make = (records: PeriodRecords) => Omit<Section, 'name'>

const MAKERS: Readonly<Record<SectionName, Make>> = {
  requests,
  votes,
  grants,
  sessions,
  break_glass: breakGlass,
  reviews,
  review_lines: reviewLines,
  policies,
  figures: figureRows,
  idle_grants: ({ idle }) =>
    findings('Idle grants', 'Open grants, when the pack was made, that nobody has used for a week or longer.', idle),
  over_privileged: ({ overPrivileged }) =>
    findings(
      'Over-privileged grants',
      'Grants of sessions that ended in the period which give more than was used, and what would have been enough.',
      overPrivileged,
    ),
  standing: standingRows,
  posture: postureRows,
  audit_counts: auditCounts,
  audit_range: auditRange,
}

export function sectionOf(name: SectionName, records: PeriodRecords): Section {
  return { name, ...MAKERS[name](records) }
}

function requests({ requests: all }: PeriodRecords): Omit<Section, 'name'> {
  return {
    title: 'Requests',
    about: 'Requests for access that were made or decided in the period.',
    columns: [
      ...['id', 'created', 'requester', 'subject', 'kind', 'target', 'role', 'duration_minutes', 'reason', 'ticket'],
      ...['incident', 'rule', 'state', 'decided', 'grant'],
    ],
    rows: sorted(all).map((one) => [
      ...[one.id, timeCell(one.createdAt), nameOf(one.requester), one.requester.subject, one.kind, one.target],
      ...[one.role, Math.round(one.durationMs / MINUTE_MS), one.reason, one.ticket],
      ...[one.incident && `${one.incident.provider} ${one.incident.id}`, one.rule.name, one.state],
      ...[timeCell(one.decidedAt), one.grantId],
    ]),
  }
}

const MINUTE_MS = 60_000

function votes({ requests: all }: PeriodRecords): Omit<Section, 'name'> {
  return {
    title: 'Votes',
    about: 'Every answer to these requests. A rule that approves by itself has none.',
    columns: ['request', 'stage', 'at', 'by', 'subject', 'on_behalf_of', 'groups', 'decision', 'reason', 'last_login'],
    rows: sorted(all).flatMap(({ id, stages }) =>
      stages.flatMap(({ name, votes: cast }) =>
        cast.map((vote) => [
          ...[id, name, timeCell(vote.at), nameOf(vote.by), vote.by.subject],
          ...[vote.onBehalfOf && nameOf(vote.onBehalfOf), vote.groups.join(' '), vote.decision, vote.reason],
          timeCell(vote.authTime),
        ]),
      ),
    ),
  }
}

function grants({ grants: all, fileGrants }: PeriodRecords): Omit<Section, 'name'> {
  return {
    title: 'Grants',
    about: 'Grants that stood in the period, those of policy files as the files are now.',
    columns: [
      ...[
        'id',
        'holder',
        'subject',
        'kind',
        'target',
        'role',
        'start',
        'end',
        'state',
        'ended',
        'ended_by',
        'end_reason',
      ],
      ...['request', 'approved_by', 'narrowing', 'first_use', 'last_use'],
    ],
    rows: [
      ...sorted(all).map((one): Cell[] => [
        ...[one.id, nameOf(one.holder), one.holder.subject, one.grant.kind, one.grant.target, one.grant.role],
        ...[timeCell(one.grant.start), timeCell(one.grant.end), one.state, timeCell(one.endedAt)],
        ...[one.endedBy && nameOf(one.endedBy), one.endReason, one.grant.requestId],
        one.approvals.map(({ by, onBehalfOf }) => nameOf(onBehalfOf ?? by)).join(', '),
        one.grant.narrowing && JSON.stringify(one.grant.narrowing),
        ...[timeCell(one.firstUsedAt), timeCell(one.lastUsedAt)],
      ]),
      ...sorted(fileGrants).map((one): Cell[] => [
        ...[one.id, nameOf(one.holder), one.holder.subject, 'file', one.grant.target, one.grant.role],
        ...[timeCell(one.start), timeCell(one.end), 'in a file', null, null, null, null, ''],
        ...[one.grant.narrowing && JSON.stringify(one.grant.narrowing), null, null],
      ]),
    ],
  }
}

function sessions({ sessions: all }: PeriodRecords): Omit<Section, 'name'> {
  return {
    title: 'Sessions',
    about: 'Connections to databases that stood in the period, each with its own account where the target has them.',
    columns: ['id', 'person', 'subject', 'target', 'database', 'role', 'grant', 'account', 'from', 'started', 'ended'],
    rows: sorted(all).map((one) => [
      ...[one.id, nameOf(one.person), one.person.subject, one.target, one.database, one.role, one.grantId],
      ...[one.databaseUser, one.clientAddress, timeCell(one.startedAt), timeCell(one.endedAt)],
    ]),
  }
}

function breakGlass({ grants: all }: PeriodRecords): Omit<Section, 'name'> {
  return {
    title: 'Break-glass',
    about: 'Emergency access with its incident and its review.',
    columns: [
      ...['grant', 'holder', 'subject', 'target', 'role', 'incident', 'start', 'ended', 'review', 'due', 'reviewer'],
      ...['judgment', 'reason', 'reviewed'],
    ],
    rows: sorted(all.filter(({ grant }) => grant.kind === 'break_glass')).map(({ grant, holder, review, ...one }) => [
      ...[one.id, nameOf(holder), holder.subject, grant.target, grant.role],
      ...[grant.incident && `${grant.incident.provider} ${grant.incident.id}`, timeCell(grant.start)],
      ...[timeCell(one.endedAt), review?.state ?? 'that of the grant which followed', timeCell(review?.dueAt ?? null)],
      ...[review?.reviewer ? nameOf(review.reviewer) : null, review?.judgment ?? null, review?.reason ?? null],
      timeCell(review?.at ?? null),
    ]),
  }
}

function reviews({ reviews: all }: PeriodRecords): Omit<Section, 'name'> {
  return {
    title: 'Access reviews',
    about: 'Reviews of who had what, open in the period.',
    columns: [
      'id',
      'name',
      'from',
      'to',
      'state',
      'reviewers',
      'due',
      'unanswered',
      'opened_by',
      'opened',
      'completed',
    ],
    rows: sorted(all).map((one) => [
      ...[one.id, one.name, timeCell(one.from), timeCell(one.to), one.state, one.reviewerGroups.join(' ')],
      ...[timeCell(one.dueAt), one.onUnanswered, one.createdBy ? nameOf(one.createdBy) : 'the calendar'],
      ...[timeCell(one.createdAt), timeCell(one.completedAt)],
    ]),
  }
}

function reviewLines({ reviewLines: all }: PeriodRecords): Omit<Section, 'name'> {
  return {
    title: 'Lines of access reviews',
    about: 'Each grant with its real use and what was decided. Unknown use never counts as unused.',
    columns: [
      ...['review', 'grant', 'holder', 'subject', 'target', 'role', 'kind', 'use', 'statements', 'last_use'],
      ...['decision', 'by', 'reason', 'at'],
    ],
    rows: sorted(all).map((one) => [
      ...[one.reviewId, one.grantId, nameOf(one.holder), one.holder.subject, one.target, one.role, one.kind, one.use],
      ...[one.statements, timeCell(one.lastUsedAt), one.decision, one.by && nameOf(one.by), one.reason],
      timeCell(one.at),
    ]),
  }
}

function policies({ policies: all }: PeriodRecords): Omit<Section, 'name'> {
  return {
    title: 'Versions of policy',
    about: 'Roles, approval rules, projects and grants of files that were changed in the period.',
    columns: ['kind', 'name', 'number', 'source', 'state', 'digest', 'author', 'approver', 'reason', 'at', 'replaced'],
    rows: [...all]
      .sort((a, b) => a.at - b.at || compared(a.id, b.id))
      .map((one) => [
        ...[one.kind, one.name, one.number, one.source, one.state, one.digest],
        ...[one.author && nameOf(one.author), one.approver && nameOf(one.approver), one.reason],
        ...[timeCell(one.at), timeCell(one.supersededAt)],
      ]),
  }
}

function findings(title: string, about: string, all: readonly GrantFinding[]): Omit<Section, 'name'> {
  const columns = [
    ...['grant', 'holder', 'subject', 'kind', 'target', 'role', 'start', 'end', 'last_use', 'sessions'],
    ...['granted', 'unused', 'enough', 'enough_role'],
  ]
  const byId = [...all].sort((a, b) => compared(a.grantId, b.grantId))
  const rows = byId.map((one): Cell[] => [
    ...[one.grantId, nameOf(one.holder), one.holder.subject, one.kind, one.target, one.role],
    ...[timeCell(one.start), timeCell(one.end), timeCell(one.lastUsedAt), one.sessions],
    ...[unitsText(one.granted), unitsText(one.unused)],
    one.enough
      .map(({ schemas, tables, verbs }) => `${verbs.join(', ')} on ${schemas[0]}: ${tables.join(', ')}`)
      .join('; '),
    one.enoughRole,
  ])
  return { title, about, columns, rows }
}

function unitsText(units: readonly GrantedUnit[]): string {
  return units.map(({ schemas, tables, verb }) => `${verb} on ${schemas.join(' ')}: ${tables.join(' ')}`).join('; ')
}

function sorted<T extends { readonly id: string }>(all: readonly T[]): readonly T[] {
  return [...all].sort((a, b) => compared(a.id, b.id))
}
