import type { Command } from 'commander'
import type { WireAnswer } from '../../http/contract/operations.ts'
import { timeArgument } from '../api/arguments.ts'
import { asks } from '../api/command.ts'
import { table, when, who } from '../api/print.ts'
import type { CliContext, SignedIn } from '../context.ts'

type Finding = WireAnswer<'listIdleGrants'>['items'][number]
type Unit = Finding['granted'][number]

/** Grants that nobody uses, and grants that give more than is used. */
export function addGrantFindings(evidence: Command, context: CliContext): void {
  const idle = evidence.command('idle-grants').description('Open grants that nobody uses.')
  asks(idle, context, async ({ api }: SignedIn) => {
    const { items } = await api.call('listIdleGrants', {})
    return { answer: items, text: findingsText(items) }
  })
  const over = evidence
    .command('over-privileged')
    .description('Grants that gave more than was used, and what would have been enough.')
    .option('--from <time>', 'default: 30 days ago', timeArgument)
    .option('--to <time>', 'default: now', timeArgument)
  asks(over, context, async ({ api }: SignedIn, { from, to }: { from?: string; to?: string }) => {
    const { items } = await api.call('listOverPrivileged', { query: { from, to } })
    return { answer: items, text: findingsText(items) }
  })
}

function findingsText(items: readonly Finding[]): string {
  return table(
    ['GRANT', 'WHO', 'TARGET', 'ROLE', 'LAST USED', 'SESSIONS', 'UNUSED', 'ENOUGH'],
    items.map((one) => [
      one.grant_id,
      who(one.holder),
      one.target,
      one.role,
      when(one.last_used_at),
      one.sessions,
      unitsText(one.unused),
      one.enough_role === null ? enoughText(one.enough) : `the role ${one.enough_role}`,
    ]),
  )
}

function enoughText(rules: Finding['enough']): string {
  if (rules.length === 0) return 'nothing was used'
  return rules
    .map(({ schemas, tables, verbs }) => `${verbs.join(', ')} on ${schemas.join(', ')}: ${tables.join(', ')}`)
    .join('; ')
}

export function unitsText(units: readonly Unit[]): string {
  return units.map(({ schemas, tables, verb }) => `${verb} on ${schemas.join(', ')}: ${tables.join(', ')}`).join('; ')
}
