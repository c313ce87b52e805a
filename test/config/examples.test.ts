import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { secrets } from './config_dir.ts'

/** What stands in the examples as a comment is right too, once somebody takes the `#` away. */
let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sallyport-examples-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Takes the `#` from the run of comments with one indentation that begins with `first`. */
function uncommented(text: string, first: string): string {
  const lines = text.split('\n')
  const from = lines.findIndex((line) => line.trimStart().startsWith(`# ${first}`))
  if (from < 0) throw new Error(`no comment begins with ${first}`)
  const indent = /^ *# /.exec(lines[from] as string)?.[0] as string
  const after = lines.findIndex((line, at) => at > from && !line.startsWith(indent))
  const until = after < 0 ? lines.length : after
  const plain = lines.slice(from, until).map((line) => `${indent.slice(0, -2)}${line.slice(indent.length)}`)
  return [...lines.slice(0, from), ...plain, ...lines.slice(until)].join('\n')
}

/** Without what the comment takes the place of, where it does. */
const NOTHING = /^\b$/
it.each<readonly [file: string, first: string, without: RegExp]>([
  ['sallyport.yaml', 'serverNames:', NOTHING],
  ['sallyport.yaml', 'tls: { cert', NOTHING],
  ['sallyport.yaml', 'addresses:', NOTHING],
  ['sallyport.yaml', 'login:', NOTHING],
  ['sallyport.yaml', 'kind: postgres', /^ *kind: sqlite.*\n/m],
  ['sallyport.yaml', 'proxyProtocolFrom:', NOTHING],
  ['approvals.yaml', 'certificates:', NOTHING],
  ['targets.yaml', '- name: orders-replica', NOTHING],
  ['oidc.yaml', 'liveCheck:', NOTHING],
])('the comment in proxy-config/%s that begins with "%s" is right', async (file, first, without) => {
  cpSync('proxy-config', dir, { recursive: true })
  const text = uncommented(readFileSync(join('proxy-config', file), 'utf8').replace(without, ''), first)
  writeFileSync(join(dir, file), text)
  const { problems } = await checkConfig(dir, secrets)
  const wrong = problems.filter(({ kind, path }) => kind === 'wrong' && !path.startsWith('masking/keys'))
  expect(wrong.map(formatProblem)).toEqual([])
})
