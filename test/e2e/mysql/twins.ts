import { randomBytes } from 'node:crypto'
import { CAPABILITY } from '../../../src/wire/mysql/capabilities.ts'
import { decodeColumnCount } from '../../../src/wire/mysql/column.ts'
import { encodeComStmtExecute } from '../../../src/wire/mysql/com-stmt-execute.ts'
import { type Command, encodeCommand } from '../../../src/wire/mysql/command.ts'
import { decodeOk, encodeOk } from '../../../src/wire/mysql/outcome.ts'
import { decodePrepareOk } from '../../../src/wire/mysql/prepare-ok.ts'
import { STATUS } from '../../../src/wire/mysql/server-status.ts'
import type { Answered, Case, CaseStep, Part } from '../../corpus/mysql/case.ts'
import { initDb, query } from '../../corpus/mysql/messages.ts'
import { type Side, STATISTICS, sideSql, YARD_MASKS, YARD_ROLES, type YardRole } from '../../corpus/mysql/yard.ts'
import type { CorpusTwins } from '../corpus.ts'
import type { FAMILIES } from './families.ts'
import { MODERN, type RawClient, rawConnect } from './raw.ts'
import { grantsOf, type Person, type Stack, startStack } from './stack.ts'

/** Two stacks that differ in hidden values alone: whatever answers differ between them tells of those. */

const PEOPLE: Readonly<Record<YardRole, Person>> = {
  reader: 'alice',
  exporter: 'alice',
  visitor: 'alice',
  writer: 'bob',
  owner: 'carol',
}
const OK = 0x00
const LOCAL_FILE = 0xfb
const END = 0xfe
const ERR = 0xff
/** An OK that tells of a setting is no shorter. */
const CHANGED_BYTES_MIN = 20
const RESET: Part = { answered: 'result', command: () => ({ kind: 'resetConnection' }), shown: 'reset' }
const FRESH: readonly Part[] = [RESET, query('SET NAMES utf8mb4'), initDb('yard')]

/** Each packet that came for a step, as Latin-1; null where the connection had ended. */
export type Answer = readonly string[] | null

export interface Twins extends CorpusTwins<CaseStep, YardRole, Answer> {
  stop(): Promise<void>
}

export async function startTwins(family: (typeof FAMILIES)[number]): Promise<Twins> {
  const grants = (Object.keys(PEOPLE) as YardRole[]).map((role) => ({
    ...grantsOf().find(({ id }) => id === `grant-${PEOPLE[role]}`),
    id: `grant-${role}`,
    role,
  }))
  const proxy = { roles: YARD_ROLES, masking: YARD_MASKS, grants }
  const secrets = { MASKING_KEY: randomBytes(32).toString('base64') }
  const started = await Promise.allSettled(
    (['a', 'b'] as const).map((side) => startStack(family.start, { fixture: sideSql(side), proxy, secrets })),
  )
  const stacks = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.find((one) => one.status === 'rejected')
  const [a, b] = stacks
  if (failed || !a || !b) {
    for (const stack of stacks) await stack.stop()
    throw failed?.reason
  }
  await Promise.all(stacks.map((stack) => gatherStatistics(stack, STATISTICS[family.name])))
  return twinsOn({ a, b })
}

async function gatherStatistics(stack: Stack, sql: string): Promise<void> {
  const direct = await stack.direct({ database: 'yard' })
  await direct.query(sql)
  await direct.end()
}

function twinsOn(stacks: Readonly<Record<Side, Stack>>): Twins {
  const idle = new Map<string, RawClient>()
  const run: Twins['run'] = async (side, role, steps) => {
    const key = `${side} ${role}`
    const client = idle.get(key) ?? (await login(stacks[side], role))
    idle.delete(key)
    const answers: Answer[] = []
    for (const step of steps) answers.push(await answerTo(client, typeof step === 'string' ? [query(step)] : step))
    if (await cleaned(client)) idle.set(key, client)
    else client.close()
    return answers
  }
  return {
    run,
    both: (role, steps) => Promise.all([run('a', role, steps), run('b', role, steps)]),
    stop: async () => {
      for (const client of idle.values()) client.close()
      await Promise.all([stacks.a.stop(), stacks.b.stop()])
    },
  }
}

async function login(stack: Stack, role: YardRole): Promise<RawClient> {
  const person = PEOPLE[role]
  const client = await rawConnect({
    port: stack.proxy.mysqlPort,
    user: `${stack.user(person)}/${role}`,
    token: await stack.token(person),
    database: 'yard',
    capabilities: ((MODERN | CAPABILITY.localFiles) & ~CAPABILITY.foundRows) >>> 0,
  })
  if (client.outcome[0] !== OK) throw new Error(`the login failed: ${Buffer.from(client.outcome).toString('latin1')}`)
  return client
}

/** A session is used again where it can be made as a new one: a login costs more than most cases. */
async function cleaned(client: RawClient): Promise<boolean> {
  const answer = await answerTo(client, FRESH)
  return answer !== null && !answer.some((packet) => packet.charCodeAt(0) === ERR)
}

async function answerTo(client: RawClient, parts: readonly Part[]): Promise<Answer> {
  const packets: Uint8Array[] = []
  let statement = 0
  try {
    for (const part of parts) {
      client.send(encoded(part.command(statement), client.capabilities))
      const first = packets.length
      await READ[part.answered](client, packets)
      const head = packets[first]
      if (part.answered !== 'prepared' || head?.[0] !== OK) continue
      statement = decodePrepareOk(head).statementId
      // It counts what a session did before.
      head.fill(0, 1, 5)
    }
  } catch {
    return null
  }
  return packets.map((packet) => Buffer.from(steady(packet, client)).toString('latin1'))
}

/** The server tells of the settings that a statement changed in an order of chance. */
function steady(packet: Uint8Array, { capabilities }: RawClient): Uint8Array {
  if (packet[0] !== OK || packet.length < CHANGED_BYTES_MIN) return packet
  try {
    const ok = decodeOk(packet, capabilities)
    const changes = ok.changes.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
    return encodeOk({ ...ok, changes }, capabilities)
  } catch {
    // A row of a prepared statement, or what is prepared, begins as an OK does.
    return packet
  }
}

function encoded(command: Command | Uint8Array, capabilities: number): Uint8Array {
  if (command instanceof Uint8Array) return command
  return command.kind === 'stmtExecute'
    ? encodeComStmtExecute(command, capabilities)
    : encodeCommand(command, capabilities)
}

type Read = (client: RawClient, packets: Uint8Array[]) => Promise<void>

const READ: Readonly<Record<Answered, Read>> = {
  result: async (client, packets) => {
    for (;;) {
      const head = await nextInto(client, packets)
      if (head[0] === LOCAL_FILE) client.send(new Uint8Array(0), 2)
      else if (head[0] === ERR) return
      else if (head[0] === OK) {
        if (!hasMore(head, client)) return
      } else {
        for (let left = decodeColumnCount(head); left > 0; left--) await nextInto(client, packets)
        const end = await readRows(client, packets)
        if (end[0] === ERR || !hasMore(end, client)) return
      }
    }
  },
  prepared: async (client, packets) => {
    const head = await nextInto(client, packets)
    if (head[0] !== OK) return
    const { parameters, columns } = decodePrepareOk(head)
    for (let left = parameters + columns; left > 0; left--) await nextInto(client, packets)
  },
  rows: async (client, packets) => {
    await readRows(client, packets)
  },
  text: async (client, packets) => {
    await nextInto(client, packets)
  },
  nothing: async () => undefined,
}

async function readRows(client: RawClient, packets: Uint8Array[]): Promise<Uint8Array> {
  for (;;) {
    const packet = await nextInto(client, packets)
    if (packet[0] === ERR || packet[0] === END) return packet
  }
}

async function nextInto(client: RawClient, packets: Uint8Array[]): Promise<Uint8Array> {
  const packet = await client.next()
  packets.push(packet)
  return packet
}

function hasMore(end: Uint8Array, { capabilities }: RawClient): boolean {
  return (decodeOk(end, capabilities).status & STATUS.moreResults) !== 0
}

/** What a case says of itself, for its test's name. */
export function nameOf({ steps, by }: Pick<Case, 'steps' | 'by'>): string {
  const shown = steps.map((step) => (typeof step === 'string' ? step : step.map((part) => `<${part.shown}>`).join(' ')))
  const text = shown.join('; ').replaceAll(/\s+/g, ' ')
  return `${by === 'reader' ? '' : `(${by}) `}${text.length > 180 ? `${text.slice(0, 179)}…` : text}`
}
