import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiProblem } from '../../../src/cli/api/client.ts'
import { shortIds, wholeId } from '../../../src/cli/api/short_id.ts'
import { UsageError } from '../../../src/cli/api/usage_error.ts'

const LENGTH = 36
const ONE = '01a1ff88-e613-7fb5-a715-7faf7db1db43'
const OTHER = '01a1ff88-e770-7154-9227-ff188942dd0b'
const list = (...ids: string[]) => [async () => ids.map((id) => ({ id }))]

describe('ids for people', () => {
  it('are short, differ, and lead back to the whole ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 20 }), async (ids) => {
        const short = shortIds(ids.map((id) => ({ id })))
        expect(new Set(ids.map(short)).size).toBe(ids.length)
        for (const id of ids) expect(await wholeId(short(id), LENGTH, list(...ids))).toBe(id)
      }),
    )
  })

  it('are cut at the millisecond, or later where two share it', () => {
    expect([ONE, OTHER].map(shortIds([{ id: ONE }, { id: OTHER }]))).toEqual(['01a1ff88-e613', '01a1ff88-e770'])
    const twin = `${ONE.slice(0, 15)}1${ONE.slice(16)}`
    expect(shortIds([{ id: ONE }, { id: twin }])(ONE)).toBe(ONE.slice(0, 16))
    expect(shortIds([{ id: 'alice-reader' }])('alice-reader')).toBe('alice-reader')
  })

  it('are refused where they could mean several, and left alone where they mean none', async () => {
    await expect(wholeId('01a1ff88', LENGTH, list(ONE, OTHER))).rejects.toThrow(UsageError)
    await expect(wholeId('01a1ff88', LENGTH, list(ONE, OTHER))).rejects.toThrow(OTHER)
    expect(await wholeId('01A1FF88-E6', LENGTH, list(ONE, OTHER))).toBe(ONE)
    for (const given of ['ffffffff', '01a1ff8', 'alice-reader', OTHER]) {
      expect(await wholeId(given, LENGTH, list(ONE, ONE))).toBe(given)
    }
  })

  it('are looked for in what the person may see', async () => {
    const problem = (status: number) => async () => {
      throw new ApiProblem({ status, detail: 'no', code: 'SP-FORBIDDEN', next: '' })
    }
    expect(await wholeId('01a1ff88', LENGTH, [problem(403), ...list(ONE)])).toBe(ONE)
    await expect(wholeId('01a1ff88', LENGTH, [problem(500), ...list(ONE)])).rejects.toThrow(ApiProblem)
  })
})
