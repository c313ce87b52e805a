import type * as z from 'zod'
import { asSallyportError, type ErrorCode, SallyportError } from '../errors.ts'
import type { problemSchema } from './contract/people.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** HTTP status by code; what is not listed is the caller's input (422). */
const STATUS: Partial<Record<ErrorCode, number>> = {
  'SP-AUTH': 401,
  'SP-AUTH-RATE': 429,
  'SP-RATE': 429,
  'SP-FRESH-LOGIN': 401,
  'SP-GROUP-OVERAGE': 403,
  'SP-FORBIDDEN': 403,
  'SP-LOCKED': 403,
  'SP-SEPARATION': 403,
  'SP-INCIDENT': 403,
  'SP-REVIEW-OVERDUE': 403,
  'SP-REVOKED': 403,
  'SP-NO-GRANT': 403,
  'SP-NOT-FOUND': 404,
  'SP-CONFLICT': 409,
  'SP-STATE': 409,
  'SP-GRANT-CHOICE': 409,
  'SP-PRECONDITION': 412,
  'SP-INTERNAL': 500,
  'SP-CONFIG': 422,
  'SP-UNSUPPORTED': 501,
  'SP-NOT-CONFIGURED': 501,
  'SP-UPSTREAM': 502,
  'SP-STORE': 503,
  'SP-LEASE': 503,
  'SP-AUDIT': 503,
  'SP-SEARCH': 503,
  'SP-RECORDING': 503,
  'SP-CATALOG': 503,
  'SP-DRAIN': 503,
}
const UNPROCESSABLE = 422
const MAX_ERRORS = 50
const SAFE_NAME = /^[A-Za-z0-9_.-]{1,64}$/

type ProblemBody = z.output<typeof problemSchema>
type FieldError = NonNullable<ProblemBody['errors']>[number]

/** A refusal whose status is another than that of its code, or that names fields of the input. */
export class ApiRefusal extends Error {
  readonly refusal: SallyportError
  readonly status: number
  readonly fields: readonly FieldError[]

  constructor(code: ErrorCode, detail: string, status = statusOf(code), fields: readonly FieldError[] = []) {
    super(detail)
    this.refusal = new SallyportError(code, detail)
    this.status = status
    this.fields = fields
  }
}

export interface Problem {
  readonly status: number
  readonly body: ProblemBody
}

export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? UNPROCESSABLE
}

/** RFC 9457. An error that is not ours says nothing of itself. */
export function problemOf(error: unknown, requestId: string): Problem {
  const own = error instanceof ApiRefusal ? error : null
  const refusal = own?.refusal ?? asSallyportError(error)
  const status = own?.status ?? statusOf(refusal.code)
  return {
    status,
    body: {
      type: `/v1/problems/${refusal.code.toLowerCase()}`,
      title: refusal.refusal.cause,
      status,
      detail: refusal.detail,
      code: refusal.code,
      next: refusal.refusal.next,
      request_id: requestId,
      ...(own !== null && own.fields.length > 0 ? { errors: [...own.fields] } : {}),
    },
  }
}

/** What a schema found, with JSON pointers (RFC 6901) below `part`; no value of the input is quoted. */
export function inputRefusal(part: 'params' | 'query' | 'body', error: z.ZodError): ApiRefusal {
  const found = error.issues.flatMap((issue) => fieldErrors(part, issue)).slice(0, MAX_ERRORS)
  return new ApiRefusal('SP-INPUT', `${found.length} of the fields are not valid`, UNPROCESSABLE, found)
}

function fieldErrors(part: string, issue: z.core.$ZodIssue): FieldError[] {
  const at = (path: readonly PropertyKey[], detail: string): FieldError => ({
    pointer: `/${[part, ...path.map(pointerPart)].join('/')}`,
    detail,
  })
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => at([...issue.path, key], 'unknown name'))
  return [at(issue.path, wording(issue))]
}

/** A name that the caller made up may be anything, a token too: only a plain short one is given back. */
function pointerPart(part: PropertyKey): string {
  const text = String(part)
  return SAFE_NAME.test(text) ? text : '(name)'
}

function wording(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${issue.expected}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `must be at least ${issue.minimum}${unit(issue.origin)}`
    case 'too_big':
      return `must be at most ${issue.maximum}${unit(issue.origin)}`
    case 'invalid_format':
      return issue.message.startsWith('must') ? issue.message : `must be a valid ${issue.format}`
    default:
      return 'is not valid'
  }
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters long'
  return origin === 'array' ? ' entries' : ''
}
