import * as z from 'zod'
import { duration, positiveDuration } from './schema_values.ts'

const groups = z.array(z.string().min(1)).default([])
const everybody = z.array(z.string().min(1)).default(['*'])

const apiRoles = z
  .strictObject({
    admin: groups.describe('Locks, revokes, ends sessions, opens access reviews, restores backups.'),
    'policy-admin': groups.describe('Writes policy. Who is an admin too may do neither that nor restore a backup.'),
    approver: groups.describe(
      'May take on delegations, and read policy and reviews. Whom an approval rule names is one too.',
    ),
    requester: everybody.describe('May ask for access.'),
    responder: everybody.describe('May use break-glass.'),
    auditor: groups.describe('Sees everything, changes nothing.'),
  })
  .prefault({})
  .describe('Groups that hold each role of the administration; `*` is everybody.')

export const accessSection = z.strictObject({
  roles: apiRoles,
  requestExpiry: positiveDuration.prefault('24h').describe('A request that nobody answers for so long expires.'),
  maxStartAhead: duration.prefault('30d').describe('How far ahead a grant may begin.'),
  seenWithin: positiveDuration
    .prefault('90d')
    .describe('Who has not logged in for so long counts as nobody who could approve or delegate.'),
  fourEyes: z.boolean().default(true).describe('A change of policy over the API needs a second person.'),
  ownChange: duration
    .prefault('30d')
    .describe(
      'Who changed a role or an approval rule approves nothing under it for so long, and while it is in force.',
    ),
  classificationGroups: groups.describe(
    'Approve a migration that adds columns without a class, beside whom the rule demands; empty: nobody more.',
  ),
  breakGlass: z
    .strictObject({
      duration: positiveDuration
        .prefault('30m')
        .describe('A grant lasts so long, and is renewed while the incident is open.'),
      checkEvery: positiveDuration.prefault('1m').describe('How often the incident is looked at meanwhile.'),
      reviewWithin: positiveDuration
        .prefault('48h')
        .describe('An overdue review blocks the next break-glass of the person.'),
      reviewGroups: groups.describe('Who reviews. Where nobody does, every break-glass becomes overdue.'),
    })
    .prefault({}),
  reviewReminder: duration.prefault('3d').describe('Reviewers are reminded so long before an access review is due.'),
  passwordLifetime: positiveDuration
    .prefault('60m')
    .refine((ms) => ms >= 300_000 && ms <= 3_600_000, 'must be 5m to 60m')
    .describe('The longest life of a connection password.'),
  certificateLifetime: positiveDuration.prefault('8h').describe('The longest life of a client certificate.'),
})
