import type { Command } from 'commander'
import type { WireAnswer } from '../../http/contract/operations.ts'
import { listArgument, timeArgument } from '../api/arguments.ts'
import { asks, everything } from '../api/command.ts'
import { delegationId, grantId, lockId, sessionId } from '../api/ids.ts'
import { excerpt, table, when, who } from '../api/print.ts'
import { shortIds } from '../api/short_id.ts'
import type { CliContext, Reasoned, SignedIn } from '../context.ts'

export function addSessions(program: Command, context: CliContext): void {
  const session = program.command('session').description('Show and end live sessions.')
  const list = session
    .command('ls')
    .description('List live sessions: own ones, or all.')
    .option('--all', 'those of everybody', false)
    .option('--ended', 'those of the past', false)
    .option('--target <name>', 'only those on this target')
  asks(list, context, async ({ api }: SignedIn, options: { all: boolean; ended: boolean; target?: string }) => {
    const query = { view: options.all ? 'all' : 'mine', ended: String(options.ended), target: options.target } as const
    const items = await everything((cursor) => api.call('listSessions', { query: { ...query, cursor } }))
    return { answer: items, text: sessionsText(items) }
  })
  const end = session
    .command('end')
    .description('End a session now. The person may connect again unless the grant is revoked too.')
    .argument('<id>', 'the session')
    .requiredOption('--reason <text>', 'why')
  asks(end, context, async ({ api }: SignedIn, id: string, { reason }: Reasoned) => {
    const answer = await api.call('endSession', { params: { id: await sessionId(api, id) }, body: { reason } })
    return { answer, text: sessionsText([answer]) }
  })
}

function sessionsText(items: readonly WireAnswer<'getSession'>[]): string {
  const short = shortIds(items)
  return table(
    ['ID', 'WHO', 'TARGET', 'ROLE', 'SINCE', 'UNTIL', 'FROM', 'APPLICATION', 'LAST STATEMENT'],
    items.map((one) => [
      short(one.id),
      who(one.person),
      one.database === null ? one.target : `${one.target}/${one.database}`,
      one.role,
      when(one.started_at),
      when(one.ended_at),
      one.client_address,
      one.application,
      one.last_statement && excerpt(one.last_statement),
    ]),
  )
}

export function addLocks(program: Command, context: CliContext): void {
  const lock = program.command('lock').description('End everything of a person, target or grant, and keep it out.')
  const set = lock
    .command('set')
    .description('Lock now; every session ends within a second.')
    .argument('<what>', 'person, target or grant')
    .argument('<value>', 'an email, the name of a target, the id of a grant')
    .requiredOption('--reason <text>', 'why')
    .option('--until <time>', 'default: until lifted', timeArgument)
  asks(set, context, async ({ api }: SignedIn, what: What, value: string, options: Reasoned & { until?: string }) => {
    const meant = what === 'grant' ? await grantId(api, value) : value
    const body = { what, value: meant, reason: options.reason, until: options.until ?? null }
    const answer = await api.call('setLock', { body })
    return { answer, text: locksText([answer]) }
  })
  const list = lock.command('ls').description('List the locks.').option('--all', 'also those that were lifted', false)
  asks(list, context, async ({ api }: SignedIn, { all }: { all: boolean }) => {
    const items = await everything((cursor) => api.call('listLocks', { query: { all: String(all), cursor } }))
    return { answer: items, text: locksText(items) }
  })
  const lift = lock
    .command('lift')
    .description('Lift a lock. What it ended stays ended.')
    .argument('<id>', 'the lock')
    .requiredOption('--reason <text>', 'why')
  asks(lift, context, async ({ api }: SignedIn, id: string, { reason }: Reasoned) => {
    const answer = await api.call('liftLock', { params: { id: await lockId(api, id) }, body: { reason } })
    return { answer, text: locksText([answer]) }
  })
}

type Lock = WireAnswer<'setLock'>
type What = Lock['what']

function locksText(items: readonly Lock[]): string {
  const short = shortIds(items)
  return table(
    ['ID', 'WHAT', 'WHO', 'SINCE', 'UNTIL', 'BY', 'REASON', 'LIFTED'],
    items.map((one) => [
      short(one.id),
      one.what,
      one.label,
      when(one.at),
      when(one.until),
      who(one.by),
      one.reason,
      when(one.lifted_at),
    ]),
  )
}

interface DelegateOptions extends Reasoned {
  readonly until: string
  readonly start?: string
  readonly group?: readonly string[]
}

export function addDelegations(program: Command, context: CliContext): void {
  const delegate = program.command('delegate').description('Let another person answer requests while one is away.')
  const set = delegate
    .command('to')
    .description('Delegate the right to answer: one hop, one vote.')
    .argument('<email>', 'who answers')
    .requiredOption('--until <time>', 'to when', timeArgument)
    .requiredOption('--reason <text>', 'why')
    .option('--start <time>', 'from when; default: now', timeArgument)
    .option('--group <names>', 'only the right of these groups', listArgument)
  asks(set, context, async ({ api }: SignedIn, to: string, { until, start, group, reason }: DelegateOptions) => {
    const body = { to, end: until, start: start ?? null, groups: [...(group ?? [])], reason }
    const answer = await api.call('createDelegation', { body })
    return { answer, text: delegationsText([answer]) }
  })
  const list = delegate.command('ls').description('List delegations, from and to you.')
  asks(
    list.option('--all', 'also those that have ended', false),
    context,
    async ({ api }: SignedIn, { all }: { all: boolean }) => {
      const items = await everything((cursor) => api.call('listDelegations', { query: { all: String(all), cursor } }))
      return { answer: items, text: delegationsText(items) }
    },
  )
  const end = delegate
    .command('end')
    .description('End a delegation before its time.')
    .argument('<id>', 'the delegation')
  asks(end, context, async ({ api }: SignedIn, id: string) => {
    const answer = await api.call('endDelegation', { params: { id: await delegationId(api, id) } })
    return { answer, text: delegationsText([answer]) }
  })
}

function delegationsText(items: readonly WireAnswer<'createDelegation'>[]): string {
  const short = shortIds(items)
  return table(
    ['ID', 'FROM', 'TO', 'GROUPS', 'START', 'END', 'REASON'],
    items.map((one) => [
      short(one.id),
      who(one.from),
      who(one.to),
      one.groups.join(', ') || 'all',
      when(one.start),
      when(one.ended_at ?? one.end),
      one.reason,
    ]),
  )
}
