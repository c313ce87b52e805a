import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { startupOf } from '../../src/session/postgres/startup.ts'

const user = ['user', 'alice/shop'] as const

describe('startupOf', () => {
  it('splits parameters from settings, and options as the server splits them', () => {
    const startup = startupOf([
      user,
      ['database', 'shop'],
      ['application_name', 'psql'],
      ['options', '-c search_path=a\\ b --statement-timeout=5s -cDateStyle=ISO'],
      ['TimeZone', 'UTC'],
    ])
    expect(startup).toEqual({
      user: 'alice/shop',
      database: 'shop',
      application: 'psql',
      reason: null,
      ticket: null,
      settings: [
        ['search_path', 'a b'],
        ['statement_timeout', '5s'],
        ['datestyle', 'ISO'],
        ['TimeZone', 'UTC'],
      ],
      unknownOptions: [],
    })
  })

  it.each([
    [[['database', 'x']], 'no user name'],
    [[user, ['replication', 'database']], 'replication'],
    [[user, ['replication', 'true']], 'replication'],
    [[user, ['user', 'bob']], 'twice'],
    [[user, ['options', '-d 5']], 'not a setting'],
    [[user, ['options', '-c work_mem']], 'no value'],
  ] as const)('refuses %j', (parameters, why) => {
    expect(() => startupOf(parameters as never)).toThrowError(new RegExp(why))
  })

  it('lists unknown protocol options for the negotiation', () => {
    expect(startupOf([user, ['_pq_.later', '1']]).unknownOptions).toEqual(['_pq_.later'])
  })

  it('gives a startup or a refusal for any parameters', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (parameters) => {
        try {
          startupOf(parameters)
        } catch (error) {
          expect(error).toBeInstanceOf(SallyportError)
        }
      }),
    )
  })

  it('keeps what is told to the proxy alone, in each form that clients have', () => {
    const given = (parameters: [string, string][]) => startupOf([['user', 'alice/shop'], ...parameters])
    const options = '-c sallyport.reason=on\\ call --sallyport.ticket=OPS-1 -c work_mem=8MB'
    expect(given([['options', options]])).toMatchObject({
      reason: 'on call',
      ticket: 'OPS-1',
      settings: [['work_mem', '8MB']],
    })
    expect(given([['Sallyport.Reason', 'why']])).toMatchObject({ reason: 'why', ticket: null, settings: [] })
  })
})
