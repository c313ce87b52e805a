/** Licences that may be shipped; each lets the program be used and passed on under Apache-2.0. */
const SHIPPED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Unlicense',
])

/** Licences that tools may have besides, since they are not passed on. */
const TOOLS = new Set([...SHIPPED, 'MPL-2.0'])

/** Licences that a package carries in its files and leaves out of its package.json. */
const READ_FROM_FILES: ReadonlyMap<string, string> = new Map([['png-js@2.0.0', 'MIT']])

/** The part of an SPDX 2.3 document that is read here, as `npm sbom` writes it. */
export interface Sbom {
  readonly packages: readonly {
    readonly name: string
    readonly versionInfo: string
    readonly licenseDeclared?: string
  }[]
}

/** The part of package-lock.json (version 3) that is read here: what is for development alone. */
export interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly name?: string; readonly version?: string; readonly dev?: boolean }>
  >
}

/** Each package whose licence is not on the list for its use, with that licence. */
export function refusedLicences(sbom: Sbom, lock: Lock): string[] {
  const shipped = shippedPackages(lock)
  return sbom.packages.flatMap(({ name, versionInfo, licenseDeclared = 'none' }) => {
    const id = `${name}@${versionInfo}`
    const licence = READ_FROM_FILES.get(id) ?? licenseDeclared
    return allows(licence, shipped.has(id) ? SHIPPED : TOOLS) ? [] : [`${id}: ${licence}`]
  })
}

function shippedPackages(lock: Lock): Set<string> {
  const entries = Object.entries(lock.packages).filter(([, entry]) => entry.dev !== true)
  return new Set(
    entries.map(([path, entry]) => `${entry.name ?? path.replace(/^.*node_modules\//, '')}@${entry.version}`),
  )
}

/** An SPDX expression of OR and AND without nesting; anything else is not allowed. */
function allows(expression: string, allowed: ReadonlySet<string>): boolean {
  const choices = expression.replace(/^\((.*)\)$/, '$1').split(' OR ')
  return choices.some((choice) => choice.split(' AND ').every((licence) => allowed.has(licence)))
}
