import type { SallyportError } from '../../errors.ts'
import { clientPosition } from '../../sql/edits.ts'
import { encodeErrorFields, errorFields } from '../../wire/postgres/error-response.ts'
import type { Verdict } from '../verdict.ts'

/** The proxy's refusals and notices in PostgreSQL's own format; the code stands in the message and in the hint. */

export function errorMessage(error: SallyportError, severity: 'ERROR' | 'FATAL' = 'ERROR'): Uint8Array {
  const { position, refusal } = error
  const { sqlstate, cause, next } = refusal
  const message = `${error.detail} (${error.code})`
  return encodeErrorFields({
    kind: 'errorResponse',
    fields: errorFields({ severity, sqlstate, message, detail: cause, hint: next, ...(position ? { position } : {}) }),
  })
}

export function notice(sqlstate: string, message: string, hint: string): Uint8Array {
  return encodeErrorFields({
    kind: 'noticeResponse',
    fields: errorFields({ severity: 'NOTICE', sqlstate, message, hint }),
  })
}

/** An error in the server's own words, for what the server would have said had the message reached it. */
export function serverError(sqlstate: string, message: string): Uint8Array {
  return encodeErrorFields({ kind: 'errorResponse', fields: errorFields({ severity: 'ERROR', sqlstate, message }) })
}

type Fields = readonly (readonly [string, string])[]

/** Severity, SQLSTATE, position and the names of schema objects pass; what can quote a value does not. */
const PASSES = new Set(['S', 'V', 'C', 'P', 's', 't', 'c', 'd', 'n'])

/**
 * An error or notice of the server without the texts that could quote a clear value: message, detail, hint and context
 * are replaced.
 */
export function scrubbed(kind: 'errorResponse' | 'noticeResponse', fields: Fields): Uint8Array {
  const kept = fields.filter(([code]) => PASSES.has(code))
  const sqlstate = fields.find(([code]) => code === 'C')?.[1] ?? 'XX000'
  const text = `the database reported ${sqlstate}; its message is withheld, since it could quote a protected value`
  return encodeErrorFields({ kind, fields: [...kept, ['M', text]] })
}

/** The fields with the position counted in the client's text; without one where no text is known that was sent. */
export function inClientText(fields: Fields, verdict: Verdict | null): Fields {
  return fields.flatMap(([code, value]): Fields => {
    if (code !== 'P') return [[code, value]]
    const position = verdict === null ? null : clientPosition(verdict.facts.text, verdict, Number(value))
    return position === null ? [] : [['P', String(position)]]
  })
}
