import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type LockedPackages, missingFromLock } from './lock.ts'

it('has every package that another one wants, for every platform', () => {
  const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')
  expect(missingFromLock(JSON.parse(text) as LockedPackages)).toEqual([])
})

it('finds a package beside or above the one that wants it, and names what is missing', () => {
  const packages = {
    '': { dependencies: { a: '1.0.0' } },
    'node_modules/a': {
      dependencies: { b: '1.0.0' },
      optionalDependencies: { 'b-linux': '1.0.0', 'b-darwin': '1.0.0' },
    },
    'node_modules/a/node_modules/b': { dependencies: { '@x/c': '^2.0.0', a: '*' } },
    'node_modules/@x/c': {},
    'node_modules/b-linux': {},
  }
  expect(missingFromLock({ packages })).toEqual(['b-darwin@1.0.0 of node_modules/a'])
})
