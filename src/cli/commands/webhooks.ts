import type { Command } from 'commander'
import type { WireAnswer } from '../../http/contract/operations.ts'
import { listArgument } from '../api/arguments.ts'
import { asks, everything } from '../api/command.ts'
import { webhookId } from '../api/ids.ts'
import { table, when } from '../api/print.ts'
import { shortIds } from '../api/short_id.ts'
import type { CliContext, SignedIn } from '../context.ts'

interface HookOptions {
  readonly events: readonly string[]
  readonly secret: string
}

export function addWebhooks(program: Command, context: CliContext): void {
  const webhook = program.command('webhook').description('Addresses that are told of events, signed.')
  const add = webhook
    .command('add')
    .description('Tell an address of events.')
    .argument('<url>', 'https')
    .requiredOption('--events <activities>', 'such as request.*, grant.revoked or *', listArgument)
    .requiredOption('--secret <reference>', 'where the signing secret stands, such as file:PATH')
  asks(add, context, async ({ api }: SignedIn, url: string, { events, secret }: HookOptions) => {
    const answer = await api.call('createWebhook', { body: { url, events: [...events], secret_ref: secret } })
    return { answer, text: hooksText([answer]) }
  })
  asks(webhook.command('ls').description('List them.'), context, async ({ api }: SignedIn) => {
    const items = await everything((cursor) => api.call('listWebhooks', { query: { cursor } }))
    return { answer: items, text: hooksText(items) }
  })
  const test = webhook.command('test').description('Send a test event now.').argument('<id>', 'its id')
  asks(test, context, async ({ api }: SignedIn, id: string) => {
    const answer = await api.call('testWebhook', { params: { id: await webhookId(api, id) } })
    if (!answer.delivered) context.exit(1)
    return { answer, text: `${answer.delivered ? 'delivered' : 'not delivered'}: ${answer.detail}\n` }
  })
  const remove = webhook.command('rm').description('Tell it no more.').argument('<id>', 'its id')
  asks(remove, context, async ({ api }: SignedIn, id: string) => {
    await api.call('deleteWebhook', { params: { id: await webhookId(api, id) } })
    return { answer: null, text: `${id}: gone\n` }
  })
}

function hooksText(items: readonly WireAnswer<'createWebhook'>[]): string {
  const short = shortIds(items)
  return table(
    ['ID', 'URL', 'EVENTS', 'SINCE', 'DISABLED'],
    items.map((one) => [short(one.id), one.url, one.events.join(', '), when(one.created_at), when(one.disabled_at)]),
  )
}
