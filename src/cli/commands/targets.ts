import type { Command } from 'commander'
import { timeArgument } from '../api/arguments.ts'
import { asks, everything } from '../api/command.ts'
import { facts, span, table, when, who } from '../api/print.ts'
import type { CliContext, SignedIn } from '../context.ts'

export function addTargets(program: Command, context: CliContext): void {
  const target = program.command('target').description('The databases behind Sallyport.')
  asks(target.command('ls').description('List the targets.'), context, async ({ api }: SignedIn) => {
    const { items } = await api.call('listTargets', {})
    const rows = items.map((one) => [
      one.name,
      one.engine,
      one.project,
      one.locked ? 'locked' : '',
      Object.entries(one.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
    ])
    return { answer: items, text: table(['NAME', 'ENGINE', 'PROJECT', '', 'LABELS'], rows) }
  })
  const roles = target.command('roles').description('The roles that you may ask for there, and what they would meet.')
  asks(roles.argument('<target>', 'its name'), context, async ({ api }: SignedIn, name: string) => {
    const { items } = await api.call('listRoleOptions', { params: { name } })
    const rows = items.map((one) => [
      one.role,
      one.approval,
      span(one.default_duration_ms),
      span(one.max_duration_ms),
      Object.entries(one.parameters)
        .map(([parameter, type]) => `${parameter}:${type}`)
        .join(' '),
      one.description,
    ])
    return { answer: items, text: table(['ROLE', 'APPROVAL', 'FOR', 'AT MOST', 'PARAMETERS', 'ABOUT'], rows) }
  })
  const posture = target.command('posture').description('What the last check of the database itself found.')
  asks(posture.argument('<target>', 'its name'), context, async ({ api }: SignedIn, name: string) => {
    const answer = await api.call('getPosture', { params: { name } })
    const rows = answer.items.map((one) => [one.severity, one.check, one.object, one.text, one.mend])
    return { answer, text: table(['SEVERITY', 'CHECK', 'OBJECT', 'FOUND', 'TO MEND'], rows) }
  })
}

interface HistoryOptions {
  readonly from?: string
  readonly to?: string
  readonly target?: string
  readonly contains?: string
}

export function addPeople(program: Command, context: CliContext): void {
  const whoami = program.command('whoami').description('Who you are here, and what you may do.')
  asks(whoami, context, async ({ api, server }: SignedIn) => {
    const answer = await api.call('getMe', {})
    const text = facts([
      ['person', who(answer.person)],
      ['groups', answer.groups.join(', ')],
      ['roles', answer.roles.join(', ')],
      ['leads', answer.leads.join(', ')],
      ['server', server],
    ])
    return { answer, text }
  })
  const history = program
    .command('history')
    .description('Your own sessions and statements, from the audit log.')
    .option('--from <time>', 'from when', timeArgument)
    .option('--to <time>', 'to when', timeArgument)
    .option('--target <name>', 'only on this target')
    .option('--contains <text>', 'only statements that contain this')
  asks(history, context, async ({ api }: SignedIn, { from, to, target, contains }: HistoryOptions) => {
    const items = await everything((cursor) =>
      api.call('listOwnHistory', { query: { from, to, target, contains, cursor } }),
    )
    const rows = items.map((one) => [
      when(one.time),
      one.kind,
      one.target,
      one.outcome ?? one.code,
      one.rows,
      one.statement,
    ])
    return { answer: items, text: table(['TIME', 'WHAT', 'TARGET', 'OUTCOME', 'ROWS', 'STATEMENT'], rows) }
  })
}
