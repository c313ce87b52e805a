import { describe, expect, it } from 'vitest'
import { claimsOf } from '../../src/proxy/mysql_claims.ts'

describe('what a client says of itself', () => {
  it('is its connection attributes, the program’s name first', () => {
    const sent = [
      ['_client_name', 'libmysql'],
      ['_os', 'Linux'],
      ['program_name', 'mysqldump'],
    ] as const
    const { application, attributes } = claimsOf(sent)
    expect(application).toBe('mysqldump')
    expect(JSON.stringify(attributes)).toBe('{"_client_name":"libmysql","_os":"Linux","program_name":"mysqldump"}')
    expect(claimsOf(sent.slice(0, 2)).application).toBe('libmysql')
    expect(claimsOf([]).application).toBeNull()
  })

  it('is bounded, and a name keeps its first value', () => {
    const many = Array.from({ length: 100 }, (_, at) => [`n${at}`, 'v'] as const)
    expect(Object.keys(claimsOf(many).attributes)).toHaveLength(32)
    const long = claimsOf([
      ['n'.repeat(100), 'v'.repeat(1000)],
      ['a', '1'],
      ['a', '2'],
      ['__proto__', 'x'],
    ]).attributes
    expect(Object.entries(long)).toEqual([
      ['n'.repeat(64), 'v'.repeat(256)],
      ['a', '1'],
      ['__proto__', 'x'],
    ])
  })
})
