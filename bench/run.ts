import '../src/node_version.ts'
import { writeFileSync } from 'node:fs'
import type { Endpoint, EngineName } from './endpoint.ts'
import { bulkRead, connectionsPerSecond, idleMemoryKb, large, median, newStatements, pointQueries } from './measure.ts'
import { type Row, table } from './report.ts'
import { startAuditStack, startStack } from './stack.ts'
import { workloadOf } from './workload.ts'

/**
 * `npm run bench [-- --engine NAME] [--json FILE] [--rounds N]`: one interleaved run. Each round measures every endpoint in turn, so that a
 * change in the machine's speed falls on all of them; figures are medians over the rounds, and what counts are the
 * ratios. Absolute times of a shared machine mean nothing by themselves. With `--audit` what is compared is the proxy with
 * itself, without any record.
 */
const POINT_MS = 1_500
const CONNECTIONS = 40
const FIRST_SESSIONS = 50
const IDLE_SESSIONS = 130
const NEW_STATEMENTS = 800
const ENGINES: readonly EngineName[] = ['postgres', 'mysql', 'mariadb']

const AUDIT_CONNECTIONS = [1, 8, 32]

type Figures = Record<string, number[]>
type Round = (endpoint: Endpoint, into: Figures) => Promise<void>

function adding(into: Figures): (name: string, value: number | null) => void {
  return (name, value) => {
    if (value !== null) into[name] = [...(into[name] ?? []), value]
  }
}

const auditRound: Round = async (endpoint, into) => {
  const add = adding(into)
  for (const connections of AUDIT_CONNECTIONS) {
    const point = await pointQueries(endpoint, workloadOf(endpoint.engine).point, connections, POINT_MS)
    add(`c${connections} CPU µs/query`, point.cpuPerQueryUs)
    add(`c${connections} p50 µs`, point.p50Us)
    add(`c${connections} queries/s`, point.queries / (POINT_MS / 1000))
  }
}

const round: Round = async (endpoint, into) => {
  const add = adding(into)
  const work = workloadOf(endpoint.engine)
  for (const connections of [1, 8]) {
    const point = await pointQueries(endpoint, work.point, connections, POINT_MS)
    add(`c${connections} CPU µs/query`, point.cpuPerQueryUs)
    add(`c${connections} p50 µs`, point.p50Us)
    add(`c${connections} p99 µs`, point.p99Us)
    add(`c${connections} queries/s`, point.queries / (POINT_MS / 1000))
  }
  for (const [name, text] of Object.entries(work.points)) {
    const point = await pointQueries(endpoint, text, 8, POINT_MS)
    add(`c8 ${name} CPU µs/query`, point.cpuPerQueryUs)
    add(`c8 ${name} p50 µs`, point.p50Us)
  }
  const unseen = await newStatements(endpoint, NEW_STATEMENTS)
  add('new statement p50 µs', unseen.p50Us)
  add('new statement CPU µs', unseen.cpuUs)
  const plain = await bulkRead(endpoint, work.bulk)
  add('bulk unmasked MB/s', plain.megabytesPerSecond)
  add('bulk unmasked CPU s/GB', plain.cpuSecondsPerGb)
  // Through the others the same table comes unmasked: what they are compared with is the work, not the bytes.
  const masked = await bulkRead(endpoint, work.bulkMasked)
  add('bulk masked MB/s', masked.megabytesPerSecond)
  add('bulk masked CPU s/GB', masked.cpuSecondsPerGb)
  add('connections/s', await connectionsPerSecond(endpoint, CONNECTIONS))
}

async function measureMemory(endpoints: readonly Endpoint[], figures: ReadonlyMap<string, Figures>): Promise<void> {
  // Memory first: after a load the heap has room that hides what a session takes.
  for (const endpoint of endpoints) {
    const own = figures.get(endpoint.name) as Figures
    const kb = await idleMemoryKb(endpoint, FIRST_SESSIONS, IDLE_SESSIONS)
    if (kb !== null) own['idle session KB'] = [kb]
    const { statementMb, resultMb } = await large(endpoint)
    if (statementMb !== null) own['1 MB statement, growth MB'] = [statementMb]
    if (resultMb !== null) own['1 M rows, growth MB'] = [resultMb]
  }
}

async function measure(endpoints: readonly Endpoint[], rounds: number, once: Round): Promise<Map<string, Figures>> {
  const figures = new Map<string, Figures>(endpoints.map(({ name }) => [name, {}]))
  if (once === round) await measureMemory(endpoints, figures)
  // The first round warms caches and compilers, and is thrown away.
  for (let at = 0; at <= rounds; at++) {
    for (const endpoint of endpoints) await once(endpoint, at === 0 ? {} : (figures.get(endpoint.name) as Figures))
    process.stderr.write(at === 0 ? 'warm\n' : `round ${at} of ${rounds}\n`)
  }
  return figures
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}

const engine = ENGINES.find((name) => name === (option('engine') ?? 'postgres'))
if (!engine) throw new Error(`--engine takes ${ENGINES.join(', ')}`)
const isAudit = process.argv.includes('--audit')
const stack = await (isAudit ? startAuditStack(engine) : startStack(engine))
try {
  const figures = await measure(stack.endpoints, Number(option('rounds') ?? 3), isAudit ? auditRound : round)
  const rows: Row[] = [...figures].map(([name, own]) => ({
    name,
    figures: Object.fromEntries(Object.entries(own).map(([figure, values]) => [figure, median(values)])),
  }))
  process.stdout.write(isAudit ? table(rows, ['audit off', 'group'], ['group', 'sync']) : table(rows))
  const file = option('json')
  if (file) writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`)
} finally {
  await stack.stop()
}
process.exit()
