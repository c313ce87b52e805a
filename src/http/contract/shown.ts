import * as z from 'zod'
import { shown } from './values.ts'

/**
 * Values of answers. What the records hold is shown as it is: the limits of inputs are none of theirs, since a file, a
 * database or an older version may have set them otherwise.
 */

export const idText = z.string()
export const nameText = z.string()
export const ms = z.number().describe('Milliseconds.')

const value = z.union([z.string(), z.number(), z.boolean()])
export const boundParameters = z.record(z.string(), value).meta({ id: 'BoundParameters' })
/** A map in the program. */
export const boundParameterMap = z.codec(boundParameters, z.map(z.string(), value), {
  decode: (values) => new Map(Object.entries(values)),
  encode: (values) => Object.fromEntries(values),
})

const patterns = z.array(z.string())
const rule = shown({
  databases: patterns,
  schemas: patterns,
  tables: patterns,
  columns: patterns.nullable(),
  verbs: z.array(z.enum(['read', 'insert', 'update', 'delete', 'ddl', 'call', 'export', 'explain', 'session'])),
})
export const shownNarrowing = z.array(rule).meta({ id: 'GrantedNarrowing' })
export const shownIncident = shown({ provider: z.string(), id: z.string() }).meta({ id: 'GrantedIncident' })
