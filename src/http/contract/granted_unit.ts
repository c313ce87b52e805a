import * as z from 'zod'
import { count, shown, time } from './values.ts'

/** Granted beside used, by table and verb. */

const patterns = z.array(z.string())

export const grantedUnit = shown({
  databases: patterns,
  schemas: patterns,
  tables: patterns,
  verb: z.string(),
}).meta({ id: 'GrantedUnit', description: 'A rule of the scope with one of its verbs.' })

export const use = shown({
  schema: z.string(),
  table: z.string(),
  verb: z.string(),
  statements: count,
  rows: count,
  clear: count.describe('Statements that read at least one masked column in clear.'),
  firstAt: time,
  lastAt: time,
}).meta({ id: 'Use', description: 'What was done under a grant to one table.' })
