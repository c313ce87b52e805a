import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The nodes of a parser's own types with their fields. */
export function nodesOf(major: number): ReadonlyMap<string, readonly string[]> {
  const parser = createRequire(import.meta.url).resolve(`libpg-query-${major}`)
  const types = createRequire(parser).resolve('@pgsql/types')
  const source = readFileSync(new URL('types.d.ts', `file://${types}`), 'utf8')
  return new Map(
    Array.from(source.matchAll(/^export interface (\w+) \{([^}]*)\}/gm), ([, name, body]) => [
      name!,
      Array.from(body!.matchAll(/(\w+)\??:/g), ([, field]) => field!),
    ]),
  )
}
