import { linesBackwardIn } from '../../auditlog/log_lines.ts'
import { LogReader } from '../../auditlog/log_reader.ts'
import type { Config } from '../../config/config.ts'
import { SallyportError } from '../../errors.ts'
import { resolveSecret } from '../../secrets/resolve_secret.ts'
import type { SinkSettings } from '../../session/sink_settings.ts'
import { slicesOf } from '../../sinks/batch.ts'
import {
  addDeadLetters,
  countDeadLetters,
  type DeadLetter,
  deadLetters,
  takeDeadLetters,
} from '../../sinks/dead_letters.ts'
import { itemsOf } from '../../sinks/items.ts'
import { openSender } from '../../sinks/open_sender.ts'
import { AT_FIRST, positionPath, readPosition, sinkState } from '../../sinks/position.ts'
import { type Refused, type Sender, type SenderDeps, SinkError } from '../../sinks/sender.ts'
import { shippedLine } from '../../sinks/shipped_line.ts'
import { testSink } from '../../sinks/test_record.ts'
import { VERSION } from '../../version.ts'
import { table, when } from '../api/print.ts'
import type { CliContext } from '../context.ts'
import { operatorConfig } from './operator_config.ts'

const EXIT_NO = 1
const TEST_DEADLINE_MS = 60_000

/** How far the sinks of a node are, as their files say; the program itself need not run. */
export async function printSinks(dir: string, { out }: CliContext): Promise<void> {
  const { node } = await operatorConfig(dir)
  const [last] = linesBackwardIn(node.audit.directory)
  const end = last === undefined ? 0 : last.sequence + 1
  const rows = await Promise.all(
    node.audit.sinks.map(async ({ name, kind }) => {
      const stored = await readPosition(positionPath(sinkState(node.dataDir), name))
      const { next, sentAt, failure } = stored === null || stored === 'broken' ? AT_FIRST : stored
      const dead = await countDeadLetters(sinkState(node.dataDir), name)
      const why = stored === 'broken' ? 'the stored position can not be understood' : (failure?.why ?? '')
      return [name, kind, String(next), String(Math.max(0, end - next)), moment(sentAt), String(dead), why]
    }),
  )
  out(table(['NAME', 'KIND', 'NEXT', 'BEHIND', 'LAST SENT', 'DEAD LETTERS', 'LAST ERROR'], rows))
}

/** One record that is not in the log, from this machine. */
export async function printSinkTest(dir: string, name: string, { out, exit }: CliContext): Promise<void> {
  const { config, settings } = await sinkNamed(dir, name)
  const { name: node } = config.node
  const open = () => openSender(settings, depsOf(dir, config, out))
  const { ok, detail, uid, durationMs } = await testSink({ name, node, format: settings.format, open })
  out(`${name}: ${ok ? 'ok' : 'failed'}: ${detail} (${durationMs} ms, uid ${uid})\n`)
  if (!ok) exit(EXIT_NO)
}

export async function printDeadLetters(dir: string, name: string, { out }: CliContext): Promise<void> {
  const { config } = await sinkNamed(dir, name)
  for await (const letter of deadLetters(sinkState(config.node.dataDir), name)) out(`${JSON.stringify(letter)}\n`)
}

/** Sends them again, from the log. What is refused again is a dead letter again; after a failure all of them still are. */
export async function retryDeadLetters(dir: string, name: string, context: CliContext): Promise<void> {
  const { config, settings } = await sinkNamed(dir, name)
  const state = sinkState(config.node.dataDir)
  const { letters, done } = await takeDeadLetters(state, name)
  // A later checkpoint covers what a refused one did.
  const wanted = letters.filter(({ code }) => code !== 'log.checkpoint')
  const sender = await openSender(settings, depsOf(dir, config, context.out))
  try {
    const refused: Refused[] = []
    for (const letter of wanted) refused.push(...(await sentAgain(letter, sender, settings, config)))
    await addDeadLetters(state, name, refused, Date.now())
    await done()
    context.out(`${name}: ${wanted.length - refused.length} sent again, ${refused.length} refused again\n`)
    if (refused.length > 0) context.exit(EXIT_NO)
  } catch (error) {
    if (!(error instanceof SinkError)) throw error
    throw new SallyportError('SP-UPSTREAM', `the sink takes nothing now: ${error.message}`)
  } finally {
    await sender.close()
  }
}

async function sentAgain(
  { sequence, uid, code }: DeadLetter,
  sender: Sender,
  { format }: SinkSettings,
  { node }: Config,
): Promise<readonly Refused[]> {
  const reader = new LogReader(node.audit.directory, sequence)
  try {
    const [line] = reader.read(1, sequence + 1)
    if (line === undefined) throw new SallyportError('SP-AUDIT', `line ${sequence} is not in the log`)
    const items = itemsOf(shippedLine(sequence, line.bytes), format, sender.limits.maxItemBytes)
    const refused: Refused[] = []
    for (const slice of slicesOf(items, sender.limits)) {
      refused.push(...(await sender.send(slice, AbortSignal.timeout(TEST_DEADLINE_MS))))
    }
    return refused.slice(0, 1)
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    const item = { uid, sequence, code, time: 0, severity: 1, text: '' }
    return [{ item, why: error.detail }]
  } finally {
    reader.close()
  }
}

async function sinkNamed(dir: string, name: string): Promise<{ config: Config; settings: SinkSettings }> {
  const config = await operatorConfig(dir)
  const settings = config.node.audit.sinks.find((sink) => sink.name === name)
  if (settings !== undefined) return { config, settings }
  const known = config.node.audit.sinks.map((sink) => sink.name).join(', ')
  throw new SallyportError('SP-NOT-FOUND', `no sink is called ${name}; there are: ${known || 'none'}`)
}

function depsOf(dir: string, { node, secrets }: Config, out: (text: string) => void): SenderDeps {
  return {
    secret: (reference) => resolveSecret(reference, dir, secrets),
    now: Date.now,
    node: node.name,
    version: VERSION,
    print: async (text) => out(text),
  }
}

function moment(at: number | null): string {
  return at === null ? '-' : when(new Date(at).toISOString())
}
