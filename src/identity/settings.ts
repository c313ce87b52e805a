/** How claims are read. A path is the names that lead to the claim. */
export interface ClaimMapping {
  readonly subject: readonly string[]
  readonly email: readonly string[]
  readonly name: readonly string[]
  readonly groups: readonly string[]
  readonly aliases: readonly (readonly string[])[]
  /** True: an email counts only with `email_verified: true`. False: one marked unverified never counts. */
  readonly requireVerifiedEmail: boolean
}

/** Groups by file: an email or subject, in lower case, to its groups. */
export type GroupsMap = ReadonlyMap<string, readonly string[]>

/** What a token is checked against. */
export interface OidcSettings {
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Where given, `azp` (or `client_id`) must be one of them. */
  readonly authorizedParties: readonly string[] | null
  readonly algorithms: readonly string[]
  readonly clockSkewSeconds: number
  /** The longest whole life (`exp` - `iat`) of a token. */
  readonly maxLifetimeMs: number
  readonly claims: ClaimMapping
  readonly groups: GroupsMap
  readonly requiredClaims: Readonly<Record<string, string | number | boolean>>
  readonly requiredScopes: readonly string[]
  /** What a client is told to ask for. */
  readonly scopes: readonly string[]
  readonly jwksUri: string | null
  /** PEM; null for the built-in authorities. */
  readonly ca: string | null
}
