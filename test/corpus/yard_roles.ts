import type { Section } from '../servers/sallyport.ts'

/** What the roles of both yards have in common: the tables have the same names. `more` stands in every rule. */

const NORTH = [{ column: 'region', op: '=', values: ['north'] }]
const WRITES = { verbs: ['insert', 'update', 'delete'] }

export function yardRoles(more: Section) {
  const read = (tables: readonly string[], over: Section = {}): Section => ({
    ...more,
    schemas: ['yard'],
    tables,
    verbs: ['read'],
    ...over,
  })
  const reads = [read(['*'], { exceptTables: ['safes', 'slips'] }), read(['slips'], { where: NORTH })]
  const writes = [
    ...reads,
    read(['drafts', 'accounts', 'memos', 'tills'], WRITES),
    read(['slips'], { ...WRITES, where: NORTH }),
  ]
  const exporter = { name: 'exporter', scope: reads.map((scope) => ({ ...scope, verbs: ['read', 'export'] })) }
  return { read, reader: { name: 'reader', scope: reads }, writes, exporter }
}
