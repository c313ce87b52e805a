import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Makes fields.generated.json, names and types alone, out of a checkout of github.com/elastic/ecs:
 *
 *     git clone --branch v9.4.0 https://github.com/elastic/ecs
 *     node test/audit/ecs/compile.ts ecs
 */
const SETS = [
  ...['base', 'destination', 'ecs', 'error', 'event', 'http', 'observer', 'related', 'rule', 'service', 'source'],
  ...['tls', 'url', 'user', 'user_agent'],
]

const root = process.argv[2] ?? 'ecs'
const lines = readFileSync(join(root, 'generated/csv/fields.csv'), 'utf8').split(/\r?\n/).slice(1)
const fields = lines.flatMap((line) => {
  const [version, , set = '', name = '', type = '', , normalization] = line.split(',')
  return SETS.includes(set) ? [{ version, name, type: normalization === 'array' ? `${type}[]` : type }] : []
})
const listed = {
  notice: 'From github.com/elastic/ecs, Apache License 2.0 (see LICENSE.txt and NOTICE.txt), shortened by compile.ts.',
  version: fields[0]?.version,
  fields: Object.fromEntries(fields.map(({ name, type }) => [name, type])),
}
writeFileSync(join(import.meta.dirname, 'fields.generated.json'), `${JSON.stringify(listed)}\n`)
