import { expect, it } from 'vitest'
import { refusedLicences } from './licences.ts'

function refused(licenseDeclared: string | undefined, dev: boolean): string[] {
  const entry = { name: 'a', versionInfo: '1.0.0', ...(licenseDeclared === undefined ? {} : { licenseDeclared }) }
  return refusedLicences(
    { packages: [entry] },
    { packages: { 'node_modules/x/node_modules/a': { version: '1.0.0', dev } } },
  )
}

it.each(['MIT', 'ISC', 'MIT OR GPL-3.0-only', '(MIT AND Apache-2.0)'])('ships %s', (licence) => {
  expect(refused(licence, false)).toEqual([])
})

it.each(['GPL-3.0-only', 'AGPL-3.0-or-later', 'SSPL-1.0', 'MIT AND GPL-2.0-only', 'NOASSERTION', 'MPL-2.0', ''])(
  'does not ship %s',
  (licence) => {
    expect(refused(licence, false)).toEqual([`a@1.0.0: ${licence}`])
  },
)

it('refuses a package that names no licence', () => {
  expect(refused(undefined, true)).toEqual(['a@1.0.0: none'])
})

it('takes MPL-2.0 for tools alone', () => {
  expect(refused('MPL-2.0', true)).toEqual([])
})
