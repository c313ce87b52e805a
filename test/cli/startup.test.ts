import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from '../tidy/sources.ts'

const ROOT = new URL('../../', import.meta.url)
/** What a command that asks the API needs: options, the contract, a spinner. */
const LIGHT = new Set(['commander', 'yocto-spinner', 'zod'])

it('the command line loads no parser, driver or server before a command needs it', () => {
  const paths = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' })
  const sources = paths.filter((path) => path.endsWith('.ts')).map((path) => `src/${path}`)
  const files = parse(Object.fromEntries(sources.map((path) => [path, readFileSync(new URL(path, ROOT), 'utf8')])))
  const byPath = new Map(files.map((file) => [file.path, file]))
  const waiting = ['src/main.ts']
  const packages = new Set<string>()
  const seen = new Set(waiting)
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const { path: to, specifier, typeOnly, names, line } of byPath.get(path)?.imports ?? []) {
      const written = byPath.get(path)?.text.split('\n')[line - 1] ?? ''
      const isTypes = typeOnly || (names.length === 0 && /^import \{/.test(written))
      if (isTypes || written.includes('await import(')) continue
      if (to === null && !specifier.startsWith('node:')) packages.add(specifier)
      if (to !== null && !seen.has(to)) waiting.push(to)
      if (to !== null) seen.add(to)
    }
  }
  expect([...packages].filter((name) => !LIGHT.has(name))).toEqual([])
  expect([...seen].filter((path) => /^src\/(serve|compose|proxy|session|sql|store|upstream)/.test(path))).toEqual([])
  expect(seen.size).toBeGreaterThan(20)
})
