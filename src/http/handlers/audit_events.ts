import type { auditOperations } from '../contract/audit_events.ts'
import { cursorOf, pageOf } from '../cursor.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'
import { ApiRefusal } from '../problem.ts'

const WHAT = 'the search of the audit log'
const NOT_FOUND = 404
const TYPES = {
  csv: 'text/csv; charset=utf-8',
  json: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
} as const

/** For auditors alone: whoever reads the whole log sees what everybody did. */
export function auditHandlers(deps: ApiDeps): Handlers<keyof typeof auditOperations> {
  const { control, auditSearch } = deps
  return {
    searchAuditEvents: async ({ caller, input: { query } }) => {
      await control.require(caller, 'audit.read')
      const { limit: _, cursor: __, ...filters } = query
      const { next, ...page } = await configured(auditSearch, WHAT).events(filters, pageOf(query))
      return { ...page, nextCursor: cursorOf(next) }
    },
    exportAuditEvents: async ({ caller, input: { query }, reply }) => {
      await control.require(caller, 'audit.read')
      const { format, ...filters } = query
      const { bytes, unreadable } = await configured(auditSearch, WHAT).export(filters, format)
      reply.header('x-audit-unreadable', String(unreadable))
      return { kind: 'file', type: TYPES[format], name: `audit.${format === 'json' ? 'ndjson' : format}`, bytes }
    },
    getAuditRecord: async ({ caller, input: { params } }) => {
      await control.require(caller, 'audit.read')
      const { sequence } = params
      const line = await configured(auditSearch, WHAT).record(sequence)
      if (line === null) throw new ApiRefusal('SP-NOT-FOUND', `there is no record ${sequence} in this log`, NOT_FOUND)
      return { sequence, line }
    },
    askAuditQuestion: async ({ caller, input: { params, query } }) => {
      await control.require(caller, 'audit.read')
      if (params.name === 'migration' && query.id === undefined) {
        throw new ApiRefusal('SP-INPUT', 'say which migration', undefined, [
          { pointer: '/query/id', detail: 'must be the id of a grant or request' },
        ])
      }
      return configured(auditSearch, WHAT).ask({ ...params, ...query })
    },
  }
}
