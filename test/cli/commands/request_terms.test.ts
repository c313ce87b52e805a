import { describe, expect, it } from 'vitest'
import type { ApiClient } from '../../../src/cli/api/client.ts'
import { completeTerms } from '../../../src/cli/commands/request_terms.ts'

const ROLES = [
  { role: 'reader', parameters: {}, ticket_required: false, approval: 'people', description: '' },
  { role: 'tenant', parameters: { id: 'integer', name: 'string' }, ticket_required: true, approval: 'people' },
].map((role) => ({ ...role, default_duration_ms: 3_600_000 }))

const api = {
  call: async (id: string) => ({ items: id === 'listTargets' ? [{ name: 'orders' }] : ROLES }),
} as unknown as ApiClient

function person(answers: Readonly<Record<string, string>>) {
  const asked: string[] = []
  const ask = async (question: string) => {
    asked.push(question.replace(': ', ''))
    return answers[asked.at(-1) ?? ''] ?? ''
  }
  return { asked, ask }
}

describe('what a request needs', () => {
  it('is asked for at a terminal, and only what is missing', async () => {
    const all = person({
      target: 'orders',
      role: 'tenant',
      'id (integer)': '7',
      'name (string)': '8',
      ticket: 'T',
      reason: 'why',
    })
    expect(await completeTerms(api, all.ask, () => undefined, { param: {} })).toEqual({
      target: 'orders',
      role: 'tenant',
      parameters: { id: 7, name: '8' },
      ticket: 'T',
      reason: 'why',
    })
    const some = person({ reason: 'why' })
    await completeTerms(api, some.ask, () => undefined, { target: 'orders', role: 'reader', param: {} })
    expect(some.asked).toEqual(['reason'])
    const refused = person({ reason: 'why' })
    await completeTerms(api, refused.ask, () => undefined, { from: 'abc', param: {} })
    expect(refused.asked).toEqual(['reason'])
  })

  it('is named, all of it, where nobody can be asked', async () => {
    const show = () => undefined
    await expect(completeTerms(api, null, show, { param: {} })).rejects.toThrow(
      'missing: <target> (or --from), --role, --reason',
    )
    await expect(completeTerms(api, null, show, { from: 'abc', param: {} })).rejects.toThrow('missing: --reason')
  })

  it('ends with an answer that is empty', async () => {
    const silent = person({})
    await expect(completeTerms(api, silent.ask, () => undefined, { param: {} })).rejects.toThrow('no target was given')
  })
})
