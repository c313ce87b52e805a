import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { resolveSecret } from '../../src/secrets/resolve_secret.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sallyport-secret-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true })
  vi.unstubAllEnvs()
})

it('reads a variable', async () => {
  vi.stubEnv('SALLYPORT_TEST', 'value')
  expect(await resolveSecret('env:SALLYPORT_TEST', dir)).toBe('value')
  vi.stubEnv('SALLYPORT_TEST', '')
  await expect(resolveSecret('env:SALLYPORT_TEST', dir)).rejects.toThrow('is not set')
})

it('reads a file of its owner alone, without the final newline', async () => {
  writeFileSync(join(dir, 'key'), 'value\n', { mode: 0o600 })
  expect(await resolveSecret('file:key', dir)).toBe('value')
  expect(await resolveSecret(`file:${join(dir, 'key')}`, '/')).toBe('value')
})

it.each([0o640, 0o604, 0o620, 0o610])('refuses a file of mode %o', async (mode) => {
  writeFileSync(join(dir, 'key'), 'value')
  chmodSync(join(dir, 'key'), mode)
  await expect(resolveSecret('file:key', dir)).rejects.toThrow('SP-CONFIG: key: others may read')
})

it('refuses a missing or empty file, and a literal secret without quoting it', async () => {
  writeFileSync(join(dir, 'empty'), '\n', { mode: 0o600 })
  await expect(resolveSecret('file:empty', dir)).rejects.toThrow('empty')
  await expect(resolveSecret('file:missing', dir)).rejects.toThrow("can't be read")
  await expect(resolveSecret('hunter2', dir)).rejects.not.toThrow('hunter2')
})
