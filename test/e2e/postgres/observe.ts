import type pg from 'pg'
import type { DatabaseError } from 'pg'

/** A statement as text, or with the options of the extended protocol. */
export type Step =
  | string
  | { readonly text: string; readonly values?: readonly unknown[]; readonly binary?: boolean; readonly name?: string }

/** All that a session was given. */
export interface Observed {
  /** Every cell, error field, notice and notification. */
  readonly texts: readonly string[]
  readonly tables: readonly (readonly (readonly (string | null)[])[])[]
  /** SQLSTATE of each step, null where it succeeded. */
  readonly states: readonly (string | null)[]
}

const ERROR_FIELDS = [
  'message',
  'detail',
  'hint',
  'where',
  'internalQuery',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
] as const

/** Values stay as the wire has them: a driver's own types would hide what was sent. */
const AS_SENT = {
  getTypeParser: () => (value: string | Buffer) => (typeof value === 'string' ? value : value.toString('latin1')),
}

/** Runs the steps one after another, going on after an error as an attacker does. */
export async function observe(client: pg.Client, steps: readonly Step[]): Promise<Observed> {
  const texts: string[] = []
  const tables: (string | null)[][][] = []
  const states: (string | null)[] = []
  const told = (message: object) => texts.push(...fieldsOf(message))
  client.on('notice', told)
  client.on('notification', ({ payload }) => texts.push(payload ?? ''))
  for (const step of steps) {
    const config = typeof step === 'string' ? { text: step } : { ...step, values: [...(step.values ?? [])] }
    try {
      const answer: unknown = await client.query({ ...config, rowMode: 'array', types: AS_SENT as never })
      for (const { rows } of (Array.isArray(answer) ? answer : [answer]) as pg.QueryArrayResult<(string | null)[]>[]) {
        tables.push(rows)
        texts.push(...rows.flat().map((cell) => cell ?? ''))
      }
      states.push(null)
    } catch (error) {
      states.push((error as DatabaseError).code ?? 'no SQLSTATE')
      told(error as Error)
    }
  }
  return { texts, tables, states }
}

function fieldsOf(message: object): string[] {
  return ERROR_FIELDS.map((field) => String((message as Record<string, unknown>)[field] ?? ''))
}
