import { readFileSync } from 'node:fs'
import { type BenchClient, connect, type Endpoint } from './endpoint.ts'
import { workloadOf } from './workload.ts'

/** Linux reports CPU time in ticks of 10 ms (`getconf CLK_TCK` is 100 on every distribution). */
const TICK_US = 10_000

/** User and system time that a process has used, in microseconds. */
export function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** Proportional set size in KiB. */
export function pssKb(pid: number): number {
  const match = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
  return Number(match?.[1] ?? 0)
}

export interface PointFigures {
  readonly queries: number
  /** CPU of the proxy process for each query, in microseconds; null for a direct connection. */
  readonly cpuPerQueryUs: number | null
  readonly p50Us: number
  readonly p99Us: number
}

/** Point queries through prepared statements on `connections` connections for `ms` milliseconds. */
export async function pointQueries(
  endpoint: Endpoint,
  text: string,
  connections: number,
  ms: number,
): Promise<PointFigures> {
  const clients = await Promise.all(Array.from({ length: connections }, () => connect(endpoint)))
  await Promise.all(clients.map((client) => client.prepare(text)))
  const before = endpoint.pid === null ? 0 : cpuUs(endpoint.pid)
  const latencies: number[] = []
  const until = performance.now() + ms
  await Promise.all(
    clients.map(async (client, seed) => {
      for (let i = seed; performance.now() < until; i++) {
        const start = performance.now()
        await client.execute(1 + (i % 1000))
        latencies.push(performance.now() - start)
      }
    }),
  )
  const used = endpoint.pid === null ? null : cpuUs(endpoint.pid) - before
  for (const client of clients) client.close()
  latencies.sort((a, b) => a - b)
  const at = (share: number) => Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 1000)
  const queries = latencies.length
  return { queries, cpuPerQueryUs: used === null ? null : used / queries, p50Us: at(0.5), p99Us: at(0.99) }
}

export interface BulkFigures {
  readonly megabytesPerSecond: number
  readonly cpuSecondsPerGb: number | null
}

export async function bulkRead(endpoint: Endpoint, text: string): Promise<BulkFigures> {
  const client = await connect(endpoint)
  const before = endpoint.pid === null ? 0 : cpuUs(endpoint.pid)
  const start = performance.now()
  const bytes = await client.bulk(text)
  const seconds = (performance.now() - start) / 1000
  const used = endpoint.pid === null ? null : (cpuUs(endpoint.pid) - before) / 1e6
  client.close()
  return { megabytesPerSecond: bytes / 1e6 / seconds, cpuSecondsPerGb: used === null ? null : used / (bytes / 1e9) }
}

/** Connect, log in, one query, close; one after another. */
export async function connectionsPerSecond(endpoint: Endpoint, count: number): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    const client = await connect(endpoint)
    await client.query('SELECT 1')
    client.close()
  }
  return count / ((performance.now() - start) / 1000)
}

/**
 * Growth of the proxy's memory for each session that has run one query and is idle, in KiB. The first sessions make the
 * heap grow to its working size and are not counted.
 */
export async function idleMemoryKb(endpoint: Endpoint, first: number, sessions: number): Promise<number | null> {
  if (endpoint.pid === null) return null
  const clients: BenchClient[] = []
  const open = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const client = await connect(endpoint)
      await client.query('SELECT 1')
      clients.push(client)
    }
  }
  await open(first)
  const before = pssKb(endpoint.pid)
  await open(sessions)
  const after = pssKb(endpoint.pid)
  for (const client of clients) client.close()
  return (after - before) / sessions
}

/** Statements that nobody has sent before, one after another: each is parsed and judged anew. */
export async function newStatements(
  endpoint: Endpoint,
  count: number,
): Promise<{ p50Us: number; cpuUs: number | null }> {
  const { unseen } = workloadOf(endpoint.engine)
  const client = await connect(endpoint)
  const before = endpoint.pid === null ? 0 : cpuUs(endpoint.pid)
  const latencies: number[] = []
  for (let i = 0; i < count; i++) {
    const text = unseen(serial++)
    const start = performance.now()
    await client.query(text)
    latencies.push((performance.now() - start) * 1000)
  }
  const used = endpoint.pid === null ? null : (cpuUs(endpoint.pid) - before) / count
  client.close()
  return { p50Us: median(latencies), cpuUs: used }
}

let serial = 0

/** How much the proxy's memory grows at most while `work` runs, in MiB. */
export async function peakGrowthMb(endpoint: Endpoint, work: () => Promise<unknown>): Promise<number | null> {
  const { pid } = endpoint
  if (pid === null) return null
  const before = pssKb(pid)
  let peak = before
  const watch = setInterval(() => {
    peak = Math.max(peak, pssKb(pid))
  }, MEMORY_WATCH_MS)
  await work()
  clearInterval(watch)
  return Math.max(peak, pssKb(pid)) / 1024 - before / 1024
}

const MEMORY_WATCH_MS = 20

/** The sum over a statement of a megabyte, and a result of a million rows. */
export async function large(endpoint: Endpoint): Promise<{ statementMb: number | null; resultMb: number | null }> {
  const client = await connect(endpoint)
  const literal = 'x'.repeat(1_000_000)
  const statementMb = await peakGrowthMb(endpoint, () => client.query(`SELECT length('${literal}')`))
  const resultMb = await peakGrowthMb(endpoint, () => client.query(workloadOf(endpoint.engine).millionRows))
  client.close()
  return { statementMb, resultMb }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
