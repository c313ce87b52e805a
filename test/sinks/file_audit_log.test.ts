import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ChainState, followLine } from '../../src/audit/chain.ts'
import { createFileAuditLog } from '../../src/sinks/file_audit_log.ts'
import { type LogFile, openLogFile } from '../../src/sinks/log_file.ts'
import { completion, decision, PRODUCT } from '../audit/events.ts'

interface Faults {
  /** Called before each write: throw to fail it, or give how many bytes it takes. */
  write?: (bytes: Uint8Array) => number
  truncate?: () => void
  sync?: () => Promise<void>
  writes: number
  syncs: number
}

function logPath(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return join(dir, 'audit.ndjson')
}

function faulty(faults: Faults): (path: string) => LogFile {
  return (path) => {
    const file = openLogFile(path)
    return {
      ...file,
      write: (bytes) => {
        faults.writes += 1
        return file.write(bytes.subarray(0, faults.write?.(bytes) ?? bytes.length))
      },
      truncate: (length) => {
        faults.truncate?.()
        file.truncate(length)
      },
      sync: async () => {
        faults.syncs += 1
        await faults.sync?.()
        await file.sync()
      },
    }
  }
}

function open(path: string, faults: Faults = { writes: 0, syncs: 0 }, durability: 'group' | 'sync' = 'group') {
  return createFileAuditLog({ path, durability, writerId: 'node-1', product: PRODUCT, open: faulty(faults) })
}

function linesOf(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  expect(text === '' || text.endsWith('\n')).toBe(true)
  const lines = text.split('\n').slice(0, -1)
  let state: ChainState | string | null = null
  for (const line of lines) {
    state = followLine(state, line)
    expect(state).not.toBeTypeOf('string')
    if (typeof state === 'string') break
  }
  return lines
}

const full = () => {
  throw Object.assign(new Error('no space left on /secret/path'), { code: 'ENOSPC' })
}

describe('the file audit log', () => {
  it('has a record that asks for it on disk before it answers, while the others wait for nothing', async () => {
    const path = logPath()
    const { promise, resolve } = Promise.withResolvers<void>()
    const faults: Faults = { writes: 0, syncs: 0, sync: () => promise }
    const log = open(path, faults)
    const order: string[] = []
    const urgent = log.append([{ ...decision(), sync: true }]).then(() => order.push('urgent'))
    await log.append([decision()]).then(() => order.push('other'))
    expect([faults.writes, faults.syncs, order]).toEqual([1, 1, ['other']])
    resolve()
    await urgent
    expect(order).toEqual(['other', 'urgent'])
    expect(JSON.stringify(linesOf(path))).not.toContain('sync')
    await log.close()
  })

  it('refuses such a record where the disk does, and the log is not healthy then', async () => {
    const faults: Faults = { writes: 0, syncs: 0, sync: () => Promise.reject(new Error('EIO')) }
    const log = open(logPath(), faults)
    await expect(log.append([{ ...decision(), sync: true }])).rejects.toThrow(/SP-AUDIT/)
    expect(log.healthy).toBe(false)
    await log.close()
  })

  it('writes what comes in one turn with one write, in order, in a file of its owner alone', async () => {
    const path = logPath()
    const faults: Faults = { writes: 0, syncs: 0 }
    const log = open(path, faults)
    await Promise.all([log.append([decision()]), log.append([completion(), decision()]), log.append([completion()])])
    expect(faults.writes).toBe(1)
    expect(linesOf(path).map((line) => JSON.parse(line).metadata.event_code)).toEqual([
      'db.decision',
      'db.completion',
      'db.decision',
      'db.completion',
    ])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await log.close()
    expect(faults.syncs).toBeGreaterThan(0)
    await expect(log.append([decision()])).rejects.toThrow('SP-AUDIT')
  })

  it('sync: resolves after one sync for all who wait', async () => {
    const path = logPath()
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const faults: Faults = { writes: 0, syncs: 0, sync: () => gate }
    const log = open(path, faults, 'sync')
    let done = 0
    const appends = [log.append([decision()]), log.append([decision()])].map((append) => append.then(() => done++))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect([linesOf(path).length, done, faults.syncs]).toEqual([2, 0, 1])
    release()
    await Promise.all(appends)
    expect(faults.syncs).toBe(1)
    await log.close()
  })

  it('a short write is finished', async () => {
    const path = logPath()
    const log = open(path, { writes: 0, syncs: 0, write: (bytes) => Math.min(bytes.length, 100) })
    await log.append([decision(), completion()])
    expect(linesOf(path)).toHaveLength(2)
    await log.close()
  })

  it('a failing write rejects all who wait, leaves no torn line, and the chain goes on after it', async () => {
    const path = logPath()
    const faults: Faults = { writes: 0, syncs: 0 }
    const log = open(path, faults)
    await log.append([decision()])
    let calls = 0
    faults.write = () => (++calls === 1 ? 50 : full())
    const failed = await Promise.allSettled([log.append([decision()]), log.append([completion()])])
    expect(failed.map((result) => (result.status === 'rejected' ? result.reason.message : ''))).toEqual([
      "SP-AUDIT: the audit log can't be written: ENOSPC",
      "SP-AUDIT: the audit log can't be written: ENOSPC",
    ])
    expect(log.healthy).toBe(false)
    expect(linesOf(path)).toHaveLength(1)
    delete faults.write
    await log.append([decision()])
    expect(log.healthy).toBe(true)
    expect(linesOf(path)).toHaveLength(2)
    await log.close()
  })

  it('stays failed while a torn line can not be cut', async () => {
    const path = logPath()
    const faults: Faults = { writes: 0, syncs: 0 }
    const log = open(path, faults)
    let calls = 0
    faults.write = () => (++calls === 1 ? 50 : full())
    faults.truncate = full
    await expect(log.append([decision()])).rejects.toThrow('ENOSPC')
    delete faults.write
    await expect(log.append([decision()])).rejects.toThrow('ENOSPC')
    delete faults.truncate
    await log.append([decision()])
    expect(linesOf(path)).toHaveLength(1)
    await log.close()
  })

  it('after a failed sync nothing is promised until one succeeds', async () => {
    const path = logPath()
    const faults: Faults = { writes: 0, syncs: 0, sync: async () => full() }
    const log = open(path, faults, 'sync')
    await expect(log.append([decision()])).rejects.toThrow('SP-AUDIT')
    expect(log.healthy).toBe(false)
    delete faults.sync
    await log.append([decision()])
    expect(log.healthy).toBe(true)
    await log.close()
  })

  it('refuses a record that is too large, and that one alone', async () => {
    const path = logPath()
    const log = open(path)
    const large = decision({ reason: 'x'.repeat(70_000) })
    const results = await Promise.allSettled([log.append([large]), log.append([decision()])])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(linesOf(path)).toHaveLength(1)
    await log.close()
  })

  it('goes on from the last line; a torn one is cut and told', async () => {
    const path = logPath()
    const first = open(path)
    await first.append(Array.from({ length: 100 }, () => decision()))
    await first.close()
    appendFileSync(path, '{"torn":')
    const second = open(path)
    expect(second.cutBytes).toBe(8)
    await second.append([decision()])
    await second.close()
    expect(linesOf(path)).toHaveLength(101)
  })

  it('does not open a log of another writer, or one that ends in something else', async () => {
    const path = logPath()
    const log = open(path)
    await log.append([decision()])
    await log.close()
    const other = () => createFileAuditLog({ path, durability: 'group', writerId: 'node-2', product: PRODUCT })
    expect(other).toThrow('belongs to node-1')
    appendFileSync(path, '{}\n')
    expect(() => open(path)).toThrow('SP-AUDIT: the last line of the audit log: not a record with a chain')
    expect(() => open(join(logPath(), 'below'))).toThrow("SP-AUDIT: the audit log can't be opened: ENOENT")
  })
})
