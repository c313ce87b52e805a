import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SEALER_RANDOM_BYTES, Sealer } from '../../src/audit/seal.ts'
import { run, scratch } from './cli_run.ts'

async function keyPair(): Promise<{ dir: string; key: string; sealer: Sealer }> {
  const dir = scratch()
  const key = join(dir, 'seal.key')
  const { code, out } = await run('audit', 'seal-key', '--out', key)
  expect(code).toBe(0)
  return { dir, key, sealer: new Sealer(Buffer.from(out, 'base64'), randomBytes(SEALER_RANDOM_BYTES)) }
}

describe('audit seal-key', () => {
  it('prints the public key and hides the secret one in a file', async () => {
    const { key } = await keyPair()
    expect(statSync(key).mode & 0o777).toBe(0o600)
    const again = await run('audit', 'seal-key', '--out', key)
    expect(again).toMatchObject({ code: 2, out: '' })
    expect(again.err).toContain('is there already')
    expect(readFileSync(key, 'utf8')).toMatch(/^sallyport-seal-secret-key:1:/)
  })
})

describe('audit unseal', () => {
  it('opens what is sealed in lines, and keeps them lines of JSON', async () => {
    const { dir, key, sealer } = await keyPair()
    const text = "SELECT 'a\u2028b'\n-- \u0007"
    const lines = [JSON.stringify({ query: sealer.sealText(text), more: [sealer.sealText('x')] }), 'nothing sealed']
    writeFileSync(join(dir, 'log'), `${lines.join('\n')}\n`)
    const { code, out } = await run('audit', 'unseal', '--key', key, join(dir, 'log'))
    const [first, second] = out.trimEnd().split('\n')
    expect(code).toBe(0)
    expect(JSON.parse(first ?? '')).toEqual({ query: text, more: ['x'] })
    expect(second).toBe('nothing sealed')
  })

  it('says what it can not open, and leaves it as it is', async () => {
    const { dir, sealer } = await keyPair()
    const other = await keyPair()
    const line = sealer.sealText('x')
    writeFileSync(join(dir, 'log'), line)
    const { code, out, err } = await run('audit', 'unseal', '--key', other.key, join(dir, 'log'))
    expect({ code, out }).toEqual({ code: 1, out: `${line}\n` })
    expect(err).toContain(`line 1: the sealed text is for the key ${sealer.recipient}`)
  })

  it('refuses a file that holds no key', async () => {
    const { dir } = await keyPair()
    writeFileSync(join(dir, 'no.key'), 'x')
    expect(await run('audit', 'unseal', '--key', join(dir, 'no.key'), join(dir, 'no.key'))).toMatchObject({ code: 2 })
    expect(await run('audit', 'unseal', '--key', join(dir, 'none'), join(dir, 'no.key'))).toMatchObject({ code: 2 })
  })
})
