import { describe, expect, it } from 'vitest'
import { checkLayers } from './layers.ts'
import { checkPurity, checkReach, checkShape, checkSizes, checkText } from './rules.ts'
import { type Parsed, type Problem, parse } from './sources.ts'

function problems(check: (file: Parsed) => Problem[], path: string, text: string): string[] {
  return parse({ [path]: text }).flatMap(check)
}

describe('layers', () => {
  it.each([
    ['src/bytes/reader.ts', `import { a } from '../sql/facts.ts'`, 'src/sql/facts.ts'],
    ['src/wire/postgres/query.ts', `import { a } from '../mysql/packets.ts'`, 'src/wire/mysql/packets.ts'],
    ['src/policy/decide.ts', `import type { A } from '../session/ports.ts'`, 'src/session/ports.ts'],
    ['src/sinks/file.ts', `import { a } from '../config/load.ts'`, 'src/config/load.ts'],
    ['src/session/gate.ts', `import { readFileSync } from 'node:fs'`, 'node:fs'],
    ['src/session/gate.ts', `const net = import('node:net')`, 'node:net'],
    ['src/masking/hash.ts', `import { createHmac, randomBytes } from 'node:crypto'`, 'randomBytes of node:crypto'],
    ['src/masking/hash.ts', `import * as crypto from 'node:crypto'`, 'node:crypto as a whole'],
    ['src/sql/facts.ts', `export { a } from '../policy/grant.ts'`, 'src/policy/grant.ts'],
    ['src/audit/event.ts', `import { decide } from '../policy/decide.ts'`, 'values of src/policy/decide.ts'],
    ['src/identity/identity.ts', `type T = import('../sql/facts.ts').Facts`, 'src/sql/facts.ts'],
    ['src/upstream/dial.ts', `import { a } from '../session/gate.ts'`, 'src/session/gate.ts'],
    ['src/http/routes.ts', `import { a } from '../proxy/runner.ts'`, 'src/proxy/runner.ts'],
    ['src/proxy/proxy.ts', `import { a } from '../../test/x.ts'`, 'test/x.ts'],
  ])('%s may not have: %s', (path, text, what) => {
    expect(problems(checkLayers, path, text)).toEqual([`${path}:1 layer: ${layerOf(path)} may not import ${what}`])
  })

  it.each([
    ['src/session/gate.ts', `import { decide } from '../policy/decide.ts'\nimport { a } from './life.ts'`],
    ['src/audit/event.ts', `import type { Decision } from '../policy/decision.ts'`],
    ['src/audit/event.ts', `import { type Decision } from '../policy/decision.ts'`],
    ['src/masking/hash.ts', `import { createHmac } from 'node:crypto'`],
    ['src/upstream/dial.ts', `import type { Target } from '../session/ports.ts'\nimport { connect } from 'node:net'`],
    ['src/main.ts', `import './node_version.ts'\nimport { serve } from './cli/serve.ts'`],
  ])('%s may have: %s', (path, text) => {
    expect(problems(checkLayers, path, text)).toEqual([])
  })

  it('knows every place of src/', () => {
    expect(problems(checkLayers, 'src/extra/thing.ts', '')).toHaveLength(1)
  })
})

describe('purity', () => {
  it.each([
    ['const now = Date.now()', 'Date.now'],
    ['const now = new Date()', 'new Date() without an argument'],
    ['const x = Math.random()', 'Math.random'],
    ['const home = process.env.HOME', 'process'],
    ['export async function f() {}', 'async'],
    ['const f = async () => 1', 'async'],
    ['const x = Buffer.from([1])', 'Buffer'],
    ['export function f(a: Buffer) {}', 'Buffer'],
    ['setTimeout(() => 1, 1)', 'setTimeout'],
    ['fetch(url)', 'fetch'],
    ['const pending = new Promise(() => 1)', 'Promise'],
    [`const text = \`at \${Date.now()}\``, 'Date.now'],
  ])('finds: %s', (text, what) => {
    expect(problems(checkPurity, 'src/policy/x.ts', text)).toEqual([`src/policy/x.ts:1 pure: ${what}`])
  })

  it.each([
    `// Date.now() and await are banned here`,
    `const text = 'await process.exit(Buffer)'`,
    'const when = new Date(0)',
    'const pattern = /Math.random\\(\\)/',
    'export const words = { process: 1, fetch: 2 }',
    'export function f(state: { process: string }) { return state.process }',
    'export interface Port { open(): Promise<void> }',
    'function fetch() { return 1 }\nexport const one = fetch()',
  ])('leaves alone: %s', (text) => {
    expect(problems(checkPurity, 'src/policy/x.ts', text)).toEqual([])
  })

  it('leaves the edges alone', () => {
    expect(problems(checkPurity, 'src/upstream/x.ts', 'await fetch(process.env.URL)')).toEqual([])
  })
})

describe('sizes', () => {
  const lines = (count: number) => 'one()\n'.repeat(count)

  it('finds a long file', () => {
    expect(problems(checkSizes, 'src/x.ts', lines(400))).toEqual([])
    expect(problems(checkSizes, 'src/x.ts', lines(401))).toEqual(['src/x.ts:1 size: 401 lines, at most 400'])
  })

  it.each(['function f() {', 'const f = () => {', 'class A { m() {', 'export const o = { m() {'])(
    'finds a long body after: %s',
    (head) => {
      const tail = head.startsWith('class') || head.includes('{ m') ? '}}' : '}'
      const file = (count: number) => `\n/** Why. */\n${head}\n${lines(count)}${tail}\n`
      expect(problems(checkSizes, 'src/x.ts', file(68))).toEqual([])
      expect(problems(checkSizes, 'src/x.ts', file(69))).toEqual([
        'src/x.ts:3 size: a function of 71 lines, at most 70',
      ])
    },
  )

  it('is not led astray by braces in text', () => {
    expect(problems(checkSizes, 'src/x.ts', `const a = '{'\nconst b = /[{]/\n${lines(100)}`)).toEqual([])
  })
})

describe('shape', () => {
  it.each([
    ['src/proxy/utils.ts', '', 'name: say what is in it'],
    ['src/proxy/helpers/x.ts', '', 'name: say what is in it'],
    ['src/session_manager.ts', '', 'name: say what is in it'],
    ['src/sql/index.ts', '', 'name: no barrel files'],
    ['src/sql/x.ts', `export * from './y.ts'`, 'shape: import from where it is written, no re-export'],
    ['src/sql/x.ts', 'export default 1', 'shape: no default export'],
    ['src/sql/x.ts', 'export default function f() {}', 'shape: no default export'],
    ['src/sql/x.ts', 'try { f() } catch { /* never mind */ }', 'shape: an error is swallowed'],
  ])('%s: %s', (path, text, what) => {
    expect(problems(checkShape, path, text)).toEqual([`${path}:1 ${what}`])
  })

  it('leaves other names and catches alone', () => {
    expect(problems(checkShape, 'src/proxy/serviceable.ts', 'try { f() } catch (error) { report(error) }')).toEqual([])
  })
})

describe('reach', () => {
  it('finds a file that only itself and its own circle import', () => {
    const files = parse({
      'src/main.ts': `import './used.ts'`,
      'src/used.ts': `import type { A } from './deep.ts'`,
      'src/deep.ts': 'export interface A { readonly a: 1 }',
      'src/lost.ts': `import './circle.ts'`,
      'src/circle.ts': `import './lost.ts'`,
      'src/tested.ts': 'export const a = 1',
      'test/tested.test.ts': `import { a } from '../src/tested.ts'`,
    })
    expect(checkReach(files)).toEqual([
      'src/lost.ts:1 dead: nothing imports it',
      'src/circle.ts:1 dead: nothing imports it',
    ])
  })
})

describe('text', () => {
  it.each([
    ['src/x.ts', '// TODO: later'],
    ['src/proxy/x.ts', "const p = Permit.issue('SELECT 1', '')"],
    ['src/session/mysql/client_half.ts', "Permit.issue('SELECT 1', '')"],
    ['docs/x.md', 'see /wor' + 'k/main'],
    ['docs/x.md', 'see ../' + 'shared/x'],
    ['deploy/x.yaml', 'from https://registry.npm' + 'js.org/pg'],
    ['test/x.test.ts', 'it.only(1)'],
    ['test/x.test.ts', 'describe.skipIf(true)(1)'],
  ])('%s: %s', (path, text) => {
    expect(checkText({ [path]: `fine\n${text}\n` })).toHaveLength(1)
  })

  it('leaves ordinary words alone', () => {
    expect(checkText({ 'src/x.ts': '// a to-do list of shared work at https://www.postgresql.org/docs/' })).toEqual([])
  })
})

function layerOf(path: string): string {
  const [, first = '', second = ''] = path.split('/')
  return first === 'wire' ? `${first}/${second}/` : `${first}/`
}
