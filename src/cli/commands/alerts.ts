import type { Command } from 'commander'
import { Argument, Option } from 'commander'
import { SIGNALS, type Signal } from '../../audit/alert_event.ts'
import type { WireAnswer } from '../../http/contract/operations.ts'
import { asks } from '../api/command.ts'
import { table, when } from '../api/print.ts'
import type { CliContext, SignedIn } from '../context.ts'

interface Wanted {
  readonly signal?: Signal
  readonly limit: string
}

const SEVERITIES = ['', 'info', 'low', 'medium', 'high', 'critical']
const MS_PER_MINUTE = 60_000

export function addAlerts(program: Command, context: CliContext): void {
  const alerts = program.command('alerts').description('Alerts that were raised, their rules, and tests of channels.')
  const list = alerts
    .command('list')
    .description('Alerts in the log of the node that answers, the newest first.')
    .addOption(new Option('--signal <signal>', 'only those of this signal').choices([...SIGNALS]))
    .option('--limit <count>', 'how many', '50')
  asks(list, context, async ({ api }: SignedIn, { signal, limit }: Wanted) => {
    const { items } = await api.call('listAlerts', { query: { signal, limit } })
    return { answer: items, text: alertsText(items) }
  })
  asks(alerts.command('rules').description('The signals and their rules.'), context, async ({ api }: SignedIn) => {
    const { items } = await api.call('listAlertRules', {})
    return { answer: items, text: rulesText(items) }
  })
  const test = alerts
    .command('test')
    .description('Raise a marked test alert, which goes to the channels of its signal.')
    .addArgument(new Argument('<signal>', 'which').choices([...SIGNALS]))
  asks(test, context, async ({ api }: SignedIn, signal: Signal) => {
    const answer = await api.call('testAlert', { params: { signal } })
    const where = answer.channels.length === 0 ? 'the log alone: it has no channels' : answer.channels.join(', ')
    return { answer, text: `${answer.id}: on its way to ${where}\n` }
  })
}

function alertsText(items: WireAnswer<'listAlerts'>['items']): string {
  return table(
    ['TIME', 'SEVERITY', 'SIGNAL', 'STATE', 'WHAT'],
    items.map(({ time, severity, signal, status, summary }) => [
      when(time),
      SEVERITIES[severity ?? 0] ?? '',
      signal,
      status ?? '',
      summary ?? '',
    ]),
  )
}

function rulesText(items: WireAnswer<'listAlertRules'>['items']): string {
  return table(
    ['SIGNAL', 'SEVERITY', 'AT', 'WITHIN', 'QUIET', 'OWNER', 'CHANNELS'],
    items.map((rule) => [
      rule.signal,
      rule.enabled ? rule.severity : 'off',
      String(rule.threshold),
      minutes(rule.window_ms),
      minutes(rule.quiet_ms),
      rule.owner,
      rule.channels.join(', ') || '(log only)',
    ]),
  )
}

function minutes(ms: number): string {
  return `${ms / MS_PER_MINUTE} min`
}
