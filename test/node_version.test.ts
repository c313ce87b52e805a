import { expect, it } from 'vitest'
import { nodeVersionComplaint } from '../src/node_version.ts'

it('names the version that is needed and the one that runs', () => {
  expect(nodeVersionComplaint('20.20.2', '/usr/bin/node')).toMatch(
    /needs Node 24 .* Node 20\.20\.2 \(\/usr\/bin\/node\)/,
  )
})

it('is content with 24 and what follows', () => {
  expect(nodeVersionComplaint('24.0.0', 'node')).toBe('')
  expect(nodeVersionComplaint('26.1.0', 'node')).toBe('')
})
