import { Permit } from '../../policy/permit.ts'
import { encodeParse, encodeQuery } from '../../wire/postgres/query.ts'
import type { Output } from '../output.ts'

/** A text that no grammar of PostgreSQL accepts, so that the server fails where the client's statement stood. */
const REFUSED_TEXT = 'SALLYPORT REFUSED THIS STATEMENT'
const REFUSAL = Permit.issue(REFUSED_TEXT, '')

export function sendRefusedParse(output: Output): void {
  output.sql(REFUSAL, encodeParse({ kind: 'parse', name: '', text: REFUSED_TEXT, parameterTypes: [] }))
}

export function sendRefusedQuery(output: Output): void {
  output.sql(REFUSAL, encodeQuery({ kind: 'query', text: REFUSED_TEXT }))
}
