import { ACCESS_REFUSALS } from './access_refusals.ts'
import { type Refusal, STATEMENT_REFUSALS } from './refusals.ts'

export const REFUSALS = { ...STATEMENT_REFUSALS, ...ACCESS_REFUSALS } as const

export type ErrorCode = keyof typeof REFUSALS

/**
 * Thrown and returned everywhere. `detail` is safe to show to the client and to log: it never holds a secret,
 * a token or a clear value.
 */
export class SallyportError extends Error {
  readonly code: ErrorCode
  readonly detail: string
  /** Where in the text that the client sent, in characters from 1. */
  readonly position: number | undefined

  constructor(code: ErrorCode, detail: string, options?: ErrorOptions & { readonly position?: number | undefined }) {
    super(`${code}: ${detail}`, options)
    this.position = options?.position
    this.name = 'SallyportError'
    this.code = code
    this.detail = detail
  }

  get refusal(): Refusal {
    return REFUSALS[this.code]
  }
}

/** Any thrown value as a `SallyportError`; an unknown one becomes `SP-INTERNAL` with nothing of its text. */
export function asSallyportError(error: unknown): SallyportError {
  if (error instanceof SallyportError) return error
  return new SallyportError('SP-INTERNAL', 'an internal error', { cause: error })
}
