/** A person (or machine) as the identity provider names them, from a verified token. */
export interface Identity {
  readonly issuer: string
  readonly subject: string
  readonly email: string | null
  readonly name: string | null
  readonly groups: readonly string[]
  /** Claims that a user name's person part may equal: subject, email, preferred_username, and those configured. */
  readonly aliases: readonly string[]
  /** `jti`, for the audit; null where the provider sends none. */
  readonly tokenId: string | null
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** When the token was made out; absent where it does not say. */
  readonly issuedAt?: number | undefined
  readonly authTime: number | null
  readonly acr: string | null
  readonly amr: readonly string[]
  /** The provider's session (`sid`), by which a back-channel logout may name it. */
  readonly sid?: string | undefined
  /** True of a workload: a pipeline or a service, vouched for by an issuer of its own. */
  readonly machine?: boolean | undefined
  /** What the token says of what parameters of roles may be bound to. */
  readonly values?: ClaimValues | undefined
}

/** A subject is a person's name with one provider alone: another may have given the same one to somebody else. */
export type Person = Pick<Identity, 'issuer' | 'subject'>

export function personKey({ issuer, subject }: Person): string {
  return `${issuer}\0${subject}`
}

/** By the name that roles know them by. */
export type ClaimValues = Readonly<Record<string, string | number | boolean>>
