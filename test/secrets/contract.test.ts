import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { createExecProvider } from '../../src/secrets/exec_provider.ts'
import { createHttpsProvider } from '../../src/secrets/https_provider.ts'
import { parseSecretDocument } from '../../src/secrets/secret_document.ts'
import { FAULTS, type Reply, serveContract } from '../outbound/contract_server.ts'

const FULL = {
  value: 'new',
  user: 'admin',
  version: '7',
  expires: '2030-01-01T00:00:00Z',
  previous: { value: 'old', version: '6' },
}

describe('the document', () => {
  it('has a value, and may have more', () => {
    expect(parseSecretDocument(JSON.stringify(FULL))).toEqual({
      value: 'new',
      user: 'admin',
      version: '7',
      expiresAt: Date.parse('2030-01-01T00:00:00Z'),
      previous: { value: 'old', user: null, version: '6' },
      lease: null,
    })
    const short = parseSecretDocument('{"value":"hunter2"}')
    expect(short).toMatchObject({ user: null, expiresAt: null, previous: null })
    expect(short.version).toMatch(/^~[0-9a-f]{16}$/)
    expect(parseSecretDocument('{"value":"hunter2"}').version).toBe(short.version)
    expect(parseSecretDocument('{"value":"hunter3"}').version).not.toBe(short.version)
  })

  it.each([
    'hunter2',
    '"hunter2"',
    '["hunter2"]',
    '{"value":""}',
    '{"value":{"a":"hunter2"}}',
    '{"value":"hunter2","user":1}',
    '{"value":"hunter2","version":"hunter2\\n"}',
    '{"value":"hunter2","expires":"2030-01-01"}',
    '{"value":"hunter2","expires":1893456000}',
    '{"value":"hunter2","previous":{"value":1}}',
    `{"value":"${'hunter2'.repeat(20_000)}"}`,
  ])('is refused without quoting it: %#', (text) => {
    expect(() => parseSecretDocument(text)).toThrow(/^SP-CONFIG/)
    expect(() => parseSecretDocument(text)).not.toThrow('hunter2')
  })

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify({ ...FULL, value })),
        ),
        (text) => {
          try {
            expect(parseSecretDocument(text).value).not.toBe('')
          } catch (error) {
            expect(error).toBeInstanceOf(SallyportError)
          }
        },
      ),
    )
  })
})

describe('exec', () => {
  function program(script: string, mode = 0o755) {
    const dir = mkdtempSync(join(tmpdir(), 'sallyport-exec-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const file = join(dir, 'secret')
    writeFileSync(file, `#!/bin/sh\n${script}\n`)
    chmodSync(file, mode)
    const settings = {
      kind: 'exec',
      command: [file, 'first'],
      environment: ['SALLYPORT_PASSED'],
      timeoutMs: 2000,
    } as const
    return { dir, file, settings, provider: createExecProvider(settings) }
  }

  it('runs the program with the path as its last argument, no shell and a clean environment', async () => {
    vi.stubEnv('SALLYPORT_PASSED', 'yes')
    vi.stubEnv('SALLYPORT_SECRET', 'no')
    const { provider } = program(
      `printf '{"value":"%s|%s|%s|%s","user":"u","version":"1"}' "$*" "$SALLYPORT_PASSED" "$SALLYPORT_SECRET" "$PWD"`,
    )
    expect(await provider.read('a b;$(id)', null)).toMatchObject({ value: 'first a b;$(id)|yes||/', user: 'u' })
    vi.unstubAllEnvs()
  })

  it.each([
    ['echo hunter2 >&2; echo hunter2; exit 3', 'the program ended with code 3'],
    ['kill -9 $$', 'the program ended with a signal'],
    ['echo hunter2', 'the answer is not JSON'],
    ['head -c 1000000 /dev/zero', 'the program answered with too much'],
  ])('%s', async (script, why) => {
    const read = program(script).provider.read('x', null)
    await expect(read).rejects.toThrow(why)
    await expect(read).rejects.not.toThrow('hunter2')
  })

  it('ends a program that takes too long, with what it started', async () => {
    const { settings, dir } = program('sleep 60 & echo $! > "$0.pid"; wait')
    const provider = createExecProvider({ ...settings, timeoutMs: 300 })
    await expect(provider.read('x', null)).rejects.toThrow('did not answer in time')
    const child = Number(readFileSync(join(dir, 'secret.pid'), 'utf8'))
    await vi.waitFor(() => expect(isRunning(child)).toBe(false))
  })

  it.each([
    [0o777, 'others may change the program'],
    [0o775, 'others may change the program'],
    [0o644, 'the program can not be run'],
  ])('refuses a program of mode %o', async (mode, why) => {
    await expect(program('echo', mode).provider.read('x', null)).rejects.toThrow(why)
  })

  it('refuses an argument that reads as an option, a field, and a program that is not there', async () => {
    const { provider, settings } = program('echo')
    await expect(provider.read('--help', null)).rejects.toThrow('may not begin with a dash')
    await expect(provider.read('x', 'password')).rejects.toThrow('no fields')
    const gone = createExecProvider({ ...settings, command: ['/nonexistent/secret'] })
    await expect(gone.read('x', null)).rejects.toThrow("can't be found")
  })
})

/** A process that has ended but was not waited for counts as ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('https', () => {
  async function provider(answer: Reply) {
    const server = await serveContract(() => answer, { tls: true })
    const settings = {
      kind: 'https',
      url: `${server.url}/secrets/`,
      bearer: 'env:B',
      ca: server.ca,
      timeoutMs: 400,
    } as const
    return { ...server, settings, provider: createHttpsProvider(settings, async () => 'bearer-s3cr3t') }
  }

  it('asks with the bearer token, of the pinned authority alone', async () => {
    const { provider: asked, asked: requests, settings } = await provider({ status: 200, json: FULL })
    expect(await asked.read('prod/a b', null)).toMatchObject({ value: 'new', user: 'admin', version: '7' })
    expect(requests[0]).toMatchObject({
      method: 'GET',
      path: '/secrets/prod/a%20b',
      headers: { authorization: 'Bearer bearer-s3cr3t', accept: 'application/json' },
    })
    const unpinned = createHttpsProvider({ ...settings, ca: null }, async () => 'bearer-s3cr3t')
    await expect(unpinned.read('a', null)).rejects.toThrow('can not be reached: UNABLE_TO_VERIFY')
    await expect(asked.read('a', 'field')).rejects.toThrow('no fields')
    await expect(asked.read('../a', null)).rejects.toThrow('the path')
  })

  it.each([401, 403, 404, 500, 503])('tells the status %i', async (status) => {
    const { provider: asked } = await provider({ status, json: { value: 's3cr3t' } })
    await expect(asked.read('a', null)).rejects.toThrow(`answered with status ${status}`)
  })

  it.each(FAULTS)('%s', async (fault) => {
    const { provider: asked, asked: requests } = await provider({ fault })
    const read = asked.read('a', null)
    await expect(read).rejects.toThrow(/^SP-CONFIG/)
    await expect(read).rejects.not.toThrow('s3cr3t')
    expect(requests).toHaveLength(1)
  })
})
