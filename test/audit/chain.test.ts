import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { type ChainState, chainLine, followLine, leafHash, newChain } from '../../src/audit/chain.ts'
import { recordsOf } from '../../src/audit/project.ts'
import { everyEvent, PRODUCT } from './events.ts'

function chained(): string[] {
  let state = newChain('node-1')
  return everyEvent()
    .flatMap((event) => recordsOf(event, PRODUCT))
    .map((record) => {
      const next = chainLine(state, record)
      state = next.state
      return next.line
    })
}

function check(lines: readonly string[]): ChainState | string {
  let state: ChainState | string | null = null
  for (const line of lines) {
    state = followLine(state, line)
    if (typeof state === 'string') return state
  }
  return state ?? 'empty'
}

it('a leaf is SHA-256(0x00 || line), RFC 6962', () => {
  const expected = createHash('sha256')
    .update(Buffer.from([0]))
    .update('é{"n":0}')
    .digest('hex')
  expect(leafHash('é{"n":0}')).toBe(expected)
})

it('each line follows the one before, and is one object', () => {
  const lines = chained()
  expect(check(lines)).toMatchObject({ writer: 'node-1', next: lines.length })
  for (const [index, line] of lines.entries()) {
    const record = JSON.parse(line)
    expect(record.metadata.sequence).toBe(index)
    expect(record.unmapped.jit.chain.seq).toBe(index)
  }
})

it('a changed, missing, doubled or foreign line is found', () => {
  const lines = chained()
  const changed = lines.with(3, lines[3]!.replace('alice', 'mallory'))
  expect(check(changed)).toBe('the line before was changed')
  expect(check(lines.toSpliced(2, 1))).toMatch(/^sequence 3 instead of 2/)
  expect(check(lines.toSpliced(2, 0, lines[1]!))).toMatch(/^sequence 1 instead of 2/)
  expect(check(lines.with(2, lines[2]!.replace('"chain_uid":"node-1"', '"chain_uid":"x"')))).toMatch(/^written by x/)
  expect(check(lines.with(2, '{}'))).toBe('not a record with a chain')
})
