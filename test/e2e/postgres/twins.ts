import type { ServerMessage } from '../../../src/wire/postgres/server.ts'
import { encodeStartup } from '../../../src/wire/postgres/startup.ts'
import type { Case, CaseStep } from '../../corpus/postgres/case.ts'
import { type Side, sideSql, YARD_MASKS, YARD_ROLES, type YardRole } from '../../corpus/postgres/yard.ts'
import { emailOf, grantOf, type Person, type PostgresStack, startPostgresStack } from '../stack.ts'
import { query, secured, type Wire, wireOn } from './wire.ts'

/** Two stacks that differ in hidden values alone: whatever answers differ between them tells of those. */

const PEOPLE: Readonly<Record<YardRole, Person>> = { reader: 'alice', writer: 'bob', exporter: 'alice', owner: 'carol' }

const CLEANING = ['ROLLBACK', 'CLOSE ALL', 'DEALLOCATE ALL', 'RESET ALL']

/** All that came for each step; null where the connection had ended. */
export type Transcript = readonly (readonly ServerMessage[] | null)[]

export interface Twins {
  /** In a session as a new one is: nothing of the call before is left in it. */
  run(side: Side, role: YardRole, steps: readonly CaseStep[]): Promise<Transcript>
  /** The same on both sides. */
  both(role: YardRole, steps: readonly CaseStep[]): Promise<readonly [Transcript, Transcript]>
  stack(side: Side): PostgresStack
  stop(): Promise<void>
}

export async function startTwins(version: 15 | 18): Promise<Twins> {
  const grants = () => (Object.keys(PEOPLE) as YardRole[]).map((role) => grantOf(PEOPLE[role], role))
  const start = (side: Side) =>
    startPostgresStack({ version, setupSql: sideSql(side), roles: YARD_ROLES, masking: YARD_MASKS, grants })
  const [a, b] = await Promise.all([start('a'), start('b')])
  const stacks = { a, b }
  const idle = new Map<string, Wire>()
  const run: Twins['run'] = async (side, role, steps) => {
    const key = `${side} ${role}`
    const wire = idle.get(key) ?? (await login(stacks[side], role))
    idle.delete(key)
    const transcript: (readonly ServerMessage[] | null)[] = []
    for (const step of steps) transcript.push(await answers(wire, step))
    if (await cleaned(wire)) idle.set(key, wire)
    return transcript
  }
  return {
    run,
    both: (role, steps) => Promise.all([run('a', role, steps), run('b', role, steps)]),
    stack: (side) => stacks[side],
    stop: async () => {
      for (const wire of idle.values()) wire.end()
      await Promise.all([a.stop(), b.stop()])
    },
  }
}

/** A session is used again where it can be cleaned without an error: a login costs more than most cases. */
async function cleaned(wire: Wire): Promise<boolean> {
  const kinds: string[] = []
  for (const text of CLEANING)
    kinds.push(...((await answers(wire, text)) ?? [{ kind: 'ended' }]).map(({ kind }) => kind))
  const clean = !kinds.includes('errorResponse') && !kinds.includes('ended')
  if (!clean) wire.end()
  return clean
}

async function login(stack: PostgresStack, role: YardRole): Promise<Wire> {
  const wire = wireOn(await secured(stack))
  const user = `${emailOf(PEOPLE[role])}/${role}`
  const parameters = Object.entries({ user, database: 'postgres' })
  wire.raw(encodeStartup({ kind: 'startupMessage', minor: 0, parameters }))
  await wire.read('authenticationCleartextPassword')
  wire.send({ kind: 'passwordMessage', password: new TextEncoder().encode(await stack.token(PEOPLE[role])) })
  const greeting = await wire.read('readyForQuery', 'errorResponse')
  if (greeting.at(-1)?.kind !== 'readyForQuery') throw new Error(`the login failed: ${JSON.stringify(greeting.at(-1))}`)
  return wire
}

async function answers(wire: Wire, step: CaseStep): Promise<readonly ServerMessage[] | null> {
  const messages = typeof step === 'string' ? [query(step)] : step
  wire.send(...messages)
  const ends = messages.filter(({ kind }) => kind === 'query' || kind === 'sync').length
  const found: ServerMessage[] = []
  for (let end = 0; end < ends; end++) {
    const answer = await wire.read('readyForQuery').catch(() => null)
    if (answer === null) return null
    for (const message of answer) found.push(message)
  }
  return found
}

/** What a case says of itself, for its test's name. */
export function nameOf({ steps, by }: Case): string {
  const shown = steps.map((step) => (typeof step === 'string' ? step : step.map(shownMessage).join(' ')))
  const text = shown.join('; ').replaceAll(/\s+/g, ' ')
  return `${by === 'reader' ? '' : `(${by}) `}${text.length > 180 ? `${text.slice(0, 179)}…` : text}`
}

function shownMessage(message: Exclude<CaseStep, string>[number]): string {
  return 'text' in message ? `<${message.kind} ${message.text}>` : `<${message.kind}>`
}
