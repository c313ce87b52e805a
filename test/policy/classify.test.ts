import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bsn, codiceFiscale, cpf, dni, iban, luhn, nir, pesel, ssn } from '../../src/policy/checksums.ts'
import { MEASURED, proposalsYaml, proposeClass } from '../../src/policy/classify.ts'
import { LABELLED } from './classify_columns.ts'

describe('check digits', () => {
  it.each([
    [luhn, ['4111111111111111', '378282246310005'], ['4111111111111112']],
    [
      iban,
      ['DE89370400440532013000', 'GB29NWBK60161331926819', 'NL91ABNA0417164300'],
      ['DE89370400440532013001', 'XX'],
    ],
    [bsn, ['111222333', '123456782'], ['123456789', '000000000', '12345678']],
    [pesel, ['44051401359', '02070803628'], ['44051401358', '99999999999']],
    [cpf, ['52998224725', '11144477735'], ['52998224724', '11111111111']],
    [dni, ['12345678Z', 'X1234567L'], ['12345678A', '1234567Z']],
    [nir, ['255081416802538'], ['255081416802539', '1']],
    [codiceFiscale, ['RSSMRA85T10A562S'], ['RSSMRA85T10A562T']],
    [ssn, ['123-45-6789'], ['000-45-6789', '666-45-6789', '900-45-6789', '123-00-6789', '123456789']],
  ] as const)('%o', (test, good, bad) => {
    expect(good.every(test)).toBe(true)
    expect(bad.some(test)).toBe(false)
  })
})

describe('the proposals for columns that a person has labelled', () => {
  const proposed = LABELLED.map((column) => ({ ...column, proposal: proposeClass(column) }))
  const right = proposed.filter(({ proposal, label }) => proposal && proposal.class === label)
  const wrong = proposed.filter(({ proposal, label }) => proposal && proposal.class !== label)
  const missed = proposed.filter(({ proposal, label }) => label !== null && proposal?.class !== label)
  const names = (columns: readonly { readonly table: string; readonly column: string }[]) =>
    columns.map(({ table, column }) => `${table}.${column}`)

  it('are right as often as docs/classification.md says', () => {
    const labelled = LABELLED.filter(({ label }) => label !== null).length
    const precision = right.length / (right.length + wrong.length)
    const recall = right.length / labelled
    const figures = { columns: LABELLED.length, labelled, wrong: names(wrong), missed: names(missed) }
    expect(figures).toMatchInlineSnapshot(`
      {
        "columns": 101,
        "labelled": 51,
        "missed": [
          "addresses.line2",
          "employees.nickname",
        ],
        "wrong": [
          "plans.display_name",
          "releases.build",
        ],
      }
    `)
    expect(MEASURED).toMatchObject({
      columns: LABELLED.length,
      proposals: right.length + wrong.length,
      right: right.length,
    })
    expect(precision).toBeGreaterThan(0.9)
    expect(recall).toBeGreaterThan(0.9)
  })

  it('that are called likely are hardly ever wrong', () => {
    const likely = proposed.filter(({ proposal }) => proposal?.confidence === 'likely')
    expect(likely.length).toBeGreaterThan(25)
    expect(likely.filter(({ proposal, label }) => proposal?.class !== label)).toHaveLength(MEASURED.likelyWrong)
    // A version of four numbers is no different from an address.
    expect(names(likely.filter(({ proposal, label }) => proposal?.class !== label))).toEqual(['releases.build'])
  })

  it('hold no value', () => {
    const yaml = proposalsYaml(
      'shop-db',
      proposed.flatMap(({ proposal }) => proposal ?? []),
    )
    const said = yaml + JSON.stringify(proposed.map(({ proposal }) => proposal))
    const long = LABELLED.flatMap(({ values }) => values).filter((value) => value.length > 8)
    expect(long.filter((value) => said.includes(value))).toEqual([])
  })
})

describe('a proposal', () => {
  const column = { schema: 's', table: 't', column: 'c', type: 'text' }

  it('never fails, whatever the values are', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string({ maxLength: 300 }), { maxLength: 20 }), (name, values) => {
        const found = proposeClass({ ...column, column: name, values })
        if (found) expect(found.matched).toBeLessThanOrEqual(found.sampled)
      }),
    )
  })

  it('is written as a section of a policy file', () => {
    const values = ['a@example.test', 'b@example.test', 'c@example.test', 'd@example.test', 'd@example.test']
    const found = proposeClass({ ...column, values })
    expect(found).toMatchObject({ class: 'pii.email', confidence: 'likely', byName: false, matched: 4, sampled: 4 })
    expect(proposalsYaml('shop-db', found ? [found] : [])).toBe(
      [
        'version: 1',
        'classification:',
        '  columns:',
        '    # likely: by 4 of 4 values',
        '    - { class: pii.email, targets: ["shop-db"], schemas: ["s"], tables: ["t"], columns: ["c"] }',
        '',
      ].join('\n'),
    )
    expect(proposalsYaml('shop-db', [])).toBe('version: 1\n')
    expect(proposalsYaml('shop-db', found ? [{ ...found, column: 'c*' }] : [])).toBe('version: 1\n')
  })
})
