import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { chainLine, newChain } from '../../src/audit/chain.ts'
import { recordsOf } from '../../src/audit/project.ts'
import { openapiText } from '../../src/cli/api_reference.ts'
import { policyTestSchemaText, schemaText } from '../../src/cli/config_commands.ts'
import { referencePages } from '../../src/cli/reference.ts'
import { buildProgram, runCli } from '../../src/cli/run.ts'
import { decision, everyEvent, PRODUCT } from '../audit/events.ts'
import { configDir, GRANTS_YAML } from '../config/config_dir.ts'

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const serve = async (dir: string) => (dir === 'given' ? 7 : 8)
  const code = await runCli(argv, { serve, out: (text) => (out += text), err: (text) => (err += text) })
  return { code, out, err }
}

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

beforeEach(() => {
  const key = Buffer.alloc(32, 1).toString('base64')
  for (const [name, value] of Object.entries({ ADMIN: 'a', APP: 'b', RO: 'c', KEY: key })) vi.stubEnv(name, value)
  return () => vi.unstubAllEnvs()
})

describe('sallyport', () => {
  it('serve delegates; wrong usage is 2', async () => {
    expect((await run('serve', '--config', 'given')).code).toBe(7)
    expect((await run('serve')).code).toBe(2)
    expect((await run('nonsense')).code).toBe(2)
    expect((await run('--help')).code).toBe(0)
  })

  it('config check', async () => {
    const right = await run('config', 'check', configDir())
    expect([right.code, right.err]).toEqual([0, ''])
    expect(right.out).toContain('1 targets, 1 roles, 1 grants')
    const wrong = await run('config', 'check', configDir({ 'grants.yaml': GRANTS_YAML.replace('reader', 'x') }))
    expect([wrong.code, wrong.err]).toEqual([1, 'error: grants.yaml:6: grants/0/role: unknown role x\n'])
    vi.stubEnv('APP', '')
    const dir = configDir()
    expect(await run('config', 'check', dir)).toMatchObject({ code: 0, err: expect.stringContaining('warning: ') })
    expect(await run('config', 'check', '--strict', dir)).toMatchObject({ code: 1 })
    expect((await run('config', 'check', '/nonexistent')).code).toBe(1)
  })

  it('the examples pass config check', async () => {
    const found = await run('config', 'check', 'proxy-config')
    expect(found.err).not.toContain('error: ')
    expect(found.code).toBe(0)
  })

  it('config explain', async () => {
    const dir = configDir()
    const alice = await run('config', 'explain', '--config', dir, 'Alice@example.test', 'orders')
    expect(alice.code).toBe(0)
    expect(alice.out).toContain('grant g1: active')
    expect(alice.out).toContain('may read *.app.*')
    expect(alice.out).toContain('masked (token): app.users.email')
    expect(alice.out).toContain(
      'limits: 1000 rows per result, 500 rows of a table per person and hour raise an alert, 30000 ms for a statement',
    )
    const bob = await run('config', 'explain', '--config', dir, 'bob@example.test', 'orders', '--groups', 'x')
    expect(bob).toMatchObject({ code: 1, out: expect.stringContaining('no active grant') })
    expect(await run('config', 'explain', '--config', dir, 'bob', 'nowhere')).toMatchObject({ code: 1 })
  })

  it('audit verify and tail', async () => {
    const path = join(scratch(), 'audit.ndjson')
    let state = newChain('node-1')
    const odd = decision({ reason: 'a\u2028b' })
    const lines = [...everyEvent(), odd].flatMap((event) =>
      recordsOf(event, PRODUCT).map((record) => {
        const next = chainLine(state, record)
        state = next.state
        return `${next.line}\n`
      }),
    )
    writeFileSync(path, lines.join(''))
    expect(await run('audit', 'verify', '--chain-only', '--log', path)).toMatchObject({ code: 0 })
    const tail = await run('audit', 'tail', path, '-n', '13')
    expect(tail.out).toContain('db.decision Alice orders Success "SELECT id FROM app.users WHERE id = $1"')
    expect((await run('audit', 'tail', path, '--json', '-n', '1')).out).toBe(lines.at(-1))
    writeFileSync(path, lines.with(1, lines[1]!.replace('SELECT', 'DELETE')).join(''))
    const broken = await run('audit', 'verify', '--chain-only', '--log', path)
    expect(broken).toMatchObject({ code: 1, err: '', out: expect.stringMatching(/audit\.ndjson:2 \(.*line_changed/) })
    expect((await run('audit', 'verify', '--chain-only', '--log', '/nonexistent')).code).toBe(2)
    expect((await run('audit', 'verify', '--log', path)).code).toBe(2)
    expect((await run('audit', 'tail', path, '-n', 'x')).code).toBe(2)
  })

  it('writes schema and docs', async () => {
    const dir = scratch()
    await run('config', 'schema', '--out', dir)
    await run('docs', '--out', dir)
    expect(
      ['config.generated.json', 'config.md', 'cli.md', 'refusals.md'].filter((name) => !existsSync(join(dir, name))),
    ).toEqual([])
  })
})

describe('the committed pages equal the generated ones (sallyport docs --out docs/reference)', () => {
  const program = buildProgram(async () => 0, {
    out: () => {},
    err: () => {},
    exit: () => {},
    env: {},
    read: async () => '',
    ask: null,
  })
  it.each(Object.entries(referencePages(program)))('docs/reference/%s', (name, text) => {
    expect(readFileSync(`docs/reference/${name}`, 'utf8')).toBe(text)
  })

  it('docs/schema/openapi.generated.json', () => {
    expect(readFileSync('docs/schema/openapi.generated.json', 'utf8')).toBe(openapiText())
  })

  it('docs/schema/policy-test.generated.json', () => {
    expect(readFileSync('docs/schema/policy-test.generated.json', 'utf8')).toBe(policyTestSchemaText())
  })

  it('docs/schema/config.generated.json', () => {
    expect(readFileSync('docs/schema/config.generated.json', 'utf8')).toBe(schemaText())
  })
})
