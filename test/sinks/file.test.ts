import {
  appendFileSync,
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FileSinkSettings } from '../../src/session/sink_settings.ts'
import type { Item } from '../../src/sinks/sender.ts'
import { createFileSender } from '../../src/sinks/senders/file.ts'
import { createStandardOutput } from '../../src/sinks/standard_output.ts'
import { SINK, temporary } from './harness.ts'

function settings(more: Partial<FileSinkSettings> = {}): FileSinkSettings {
  return {
    ...SINK,
    kind: 'file',
    path: join(temporary(), 'copy.ndjson'),
    maxBytes: null,
    keep: 2,
    fsync: true,
    ...more,
  }
}

function item(n: number, text = `{"n":${n}}`): Item {
  return { uid: `uid-${n}`, sequence: n, time: 0, code: 'db.decision', severity: 1, text }
}

const calm = () => AbortSignal.timeout(5_000)

describe('a file', () => {
  it('gets a line for each record, and is for its owner alone', async () => {
    const { path } = settings()
    const sender = createFileSender(settings({ path }))
    await sender.send([item(1), item(2)], calm())
    await sender.send([item(3)], calm())
    await sender.close()
    expect(readFileSync(path, 'utf8')).toBe('{"n":1}\n{"n":2}\n{"n":3}\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['{"n":0}\n{"n":', '{"n":0}\n'],
    ['{"n":', ''],
    [`{"n":0}\n${'x'.repeat(200_000)}`, '{"n":0}\n'],
    ['', ''],
  ])('that ended in a torn line goes on after the whole ones', async (before, kept) => {
    const { path } = settings()
    writeFileSync(path, before)
    const sender = createFileSender(settings({ path }))
    await sender.send([item(1)], calm())
    await sender.close()
    expect(readFileSync(path, 'utf8')).toBe(`${kept}{"n":1}\n`)
  })

  it('is rotated by size, and the oldest goes', async () => {
    const { path } = settings()
    const sender = createFileSender(settings({ path, maxBytes: 10 }))
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) await sender.send([item(n)], calm())
    await sender.close()
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('{"n":7}\n{"n":8}\n')
    expect(readFileSync(`${path}.2`, 'utf8')).toBe('{"n":5}\n{"n":6}\n')
    expect([existsSync(path), existsSync(`${path}.3`)]).toEqual([false, false])
  })

  it('that others have moved away is made anew', async () => {
    const { path } = settings()
    const sender = createFileSender(settings({ path }))
    await sender.send([item(1)], calm())
    renameSync(path, `${path}.old`)
    await sender.send([item(2)], calm())
    await sender.close()
    expect(readFileSync(path, 'utf8')).toBe('{"n":2}\n')
    appendFileSync(`${path}.old`, '')
    expect(readFileSync(`${path}.old`, 'utf8')).toBe('{"n":1}\n')
  })

  it('is never a link to somewhere else', async () => {
    const { path } = settings()
    writeFileSync(`${path}.other`, '')
    chmodSync(`${path}.other`, 0o600)
    symlinkSync(`${path}.other`, path)
    await expect(createFileSender(settings({ path })).send([item(1)], calm())).rejects.toMatchObject({ code: 'ELOOP' })
  })
})

describe('the standard output', () => {
  it('has whole lines, of the program at once and after those of a sink in turn', async () => {
    const out: string[] = []
    let now = ''
    const output = createStandardOutput(
      async (bytes) => {
        const part = bytes.subarray(0, 5)
        await Promise.resolve()
        out.push(part.toString())
        return part.length
      },
      (bytes) => {
        now += bytes.toString()
        return bytes.length
      },
    )
    output.write('first\n')
    expect(now).toBe('first\n')
    const all = output.writeAll('a line of a sink\n')
    output.write('a line of the program\n')
    await all
    await output.writeAll('last\n')
    expect(out.join('')).toBe('a line of a sink\na line of the program\nlast\n')
    expect(now).toBe('first\n')
  })

  it('waits for a reader that is full, and tells a sink of one that is gone', async () => {
    const codes = ['EAGAIN', null, 'EPIPE']
    const out: string[] = []
    const output = createStandardOutput(async (bytes) => {
      const code = codes.shift()
      if (code !== null && code !== undefined) throw Object.assign(new Error(code), { code })
      out.push(bytes.toString())
      return bytes.length
    })
    await output.writeAll('one\n')
    await expect(output.writeAll('two\n')).rejects.toMatchObject({ code: 'EPIPE' })
    expect(out).toEqual(['one\n'])
  })
})
