import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { refusalsPage } from '../docs/generate.ts'

it('the page of refusals is the one that `npm run docs` writes', () => {
  expect(readFileSync(new URL('../docs/refusals.md', import.meta.url), 'utf8')).toBe(refusalsPage())
})
