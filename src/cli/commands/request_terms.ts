import type { WireAnswer } from '../../http/contract/operations.ts'
import { parameterArgument, type Values } from '../api/arguments.ts'
import type { ApiClient } from '../api/client.ts'
import { span, table } from '../api/print.ts'
import { UsageError } from '../api/usage_error.ts'
import type { CliContext } from '../context.ts'

interface Given {
  readonly target?: string | undefined
  readonly role?: string
  readonly reason?: string
  readonly ticket?: string
  readonly param: Values
  readonly from?: string
}

interface Terms {
  /** Null where a refusal says it. */
  readonly target: string | null
  readonly role: string | null
  readonly reason: string
  readonly ticket: string | null
  readonly parameters: Values
}

type RoleOption = WireAnswer<'listRoleOptions'>['items'][number]
type Ask = NonNullable<CliContext['ask']>

/** What a request needs. A person at a terminal is asked for what is missing; a script is told of all of it at once. */
export async function completeTerms(
  api: ApiClient,
  ask: Ask | null,
  show: (text: string) => void,
  given: Given,
): Promise<Terms> {
  const isWhole = given.from !== undefined || (given.target !== undefined && given.role !== undefined)
  if (ask === null || (isWhole && given.reason !== undefined)) return termsOf(given)
  return termsOf(await asked(api, ask, show, given))
}

function termsOf({ target, role, reason, ticket, param, from }: Given): Terms {
  const missing = [
    ...(target === undefined && from === undefined ? ['<target> (or --from)'] : []),
    ...(role === undefined && from === undefined ? ['--role'] : []),
    ...(reason === undefined ? ['--reason'] : []),
  ]
  if (reason === undefined || missing.length > 0) throw new UsageError(`missing: ${missing.join(', ')}`)
  return { target: target ?? null, role: role ?? null, reason, ticket: ticket ?? null, parameters: param }
}

async function asked(api: ApiClient, ask: Ask, show: (text: string) => void, given: Given): Promise<Given> {
  if (given.from !== undefined) return { ...given, reason: given.reason ?? (await answerTo(ask, 'reason')) }
  const target = given.target ?? (await chosenTarget(api, ask, show))
  const options = (await api.call('listRoleOptions', { params: { name: target } })).items
  if (given.role === undefined) show(rolesText(options))
  const role = given.role ?? (await answerTo(ask, 'role'))
  const option = options.find((one) => one.role === role)
  const param = await chosenParameters(ask, option, given.param)
  const ticket = given.ticket ?? (option?.ticket_required ? await answerTo(ask, 'ticket') : undefined)
  const reason = given.reason ?? (await answerTo(ask, 'reason'))
  return { ...given, target, role, param, reason, ...(ticket === undefined ? {} : { ticket }) }
}

async function chosenTarget(api: ApiClient, ask: Ask, show: (text: string) => void): Promise<string> {
  const { items } = await api.call('listTargets', {})
  show(`targets: ${items.map(({ name }) => name).join(', ')}\n`)
  return answerTo(ask, 'target')
}

async function chosenParameters(ask: Ask, option: RoleOption | undefined, given: Values): Promise<Values> {
  let values = given
  for (const [name, type] of Object.entries(option?.parameters ?? {})) {
    if (name in values) continue
    const text = await answerTo(ask, `${name} (${type})`)
    values = parameterArgument(`${name}=${type === 'string' ? `"${text}"` : text}`, values)
  }
  return values
}

/** An empty answer, as Ctrl-C leaves it, ends the command. */
async function answerTo(ask: Ask, what: string): Promise<string> {
  const answer = await ask(`${what}: `)
  if (answer === '') throw new UsageError(`no ${what} was given`)
  return answer
}

function rolesText(options: readonly RoleOption[]): string {
  const rows = options.map((one) => [one.role, one.approval, span(one.default_duration_ms), one.description])
  return table(['ROLE', 'APPROVAL', 'FOR', 'ABOUT'], rows)
}
