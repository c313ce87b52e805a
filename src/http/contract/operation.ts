import type * as z from 'zod'

/** What a caller must be allowed to do. The API roles that hold it stand with the authorization table. */
export type Access =
  /** Any authenticated person; what they see of it is decided by the operation. */
  | 'person'
  /** Nobody has to say who they are. */
  | 'public'
  /** The body is signed by the sender, with a secret that both know. */
  | 'signed'

/** read: cheap. write: changes something. heavy: long work. login: before the caller is known. */
export type RateClass = 'read' | 'write' | 'heavy' | 'login'

/** One operation of the API: its route, its schemas, and what is demanded of the caller. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As OpenAPI writes it: `/v1/requests/{id}`. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly access: Access
  readonly rate: RateClass
  readonly status: 200 | 201 | 202 | 204 | 302
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** Null: no body, or what `produces` says. */
  readonly answer: z.ZodType | null
  /** Media types of an answer that is not JSON. */
  readonly produces?: readonly string[]
  /** Media type of a body that is not JSON. */
  readonly consumes?: string
  /** The answer holds a secret: it is shown once, and an idempotency key does not bring it back. */
  readonly once?: true
  /** The answer has an ETag; `required`: and the call needs If-Match, or If-None-Match: * for what is new. */
  readonly etag?: 'given' | 'required'
}

/** Keeps the literal types of an operation, and fills in what most have. */
export function operation<const O extends Omit<Operation, 'access'> & { readonly access?: Access }>(
  given: O,
): Filled<O> {
  return { ...given, access: given.access ?? 'person' } as Filled<O>
}

type Filled<O extends { readonly access?: Access }> = Omit<O, 'access'> & {
  readonly access: O['access'] extends Access ? O['access'] : 'person'
}
