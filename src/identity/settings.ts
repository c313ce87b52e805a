/** How claims are read. A path is the names that lead to the claim. */
export interface ClaimMapping {
  readonly subject: readonly string[]
  readonly email: readonly string[]
  readonly name: readonly string[]
  readonly groups: readonly string[]
  readonly aliases: readonly (readonly string[])[]
  /** By the name that roles know them by: claims that parameters of roles are bound to. */
  readonly values?: ReadonlyMap<string, readonly string[]>
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
  readonly workloads: readonly WorkloadSettings[]
  /** Null where the provider is not asked about sessions that are open. */
  readonly liveCheck: LiveCheckSettings | null
}

/** An issuer whose tokens name pipelines and services. */
export interface WorkloadSettings {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly algorithms: readonly string[]
  readonly clockSkewSeconds: number
  readonly maxLifetimeMs: number
  readonly subject: readonly string[]
  /** Groups that the workload is in, by claims; the prefix keeps them apart from those of people. */
  readonly groups: readonly { readonly claim: readonly string[]; readonly prefix: string }[]
  /** Each claim has to match one of its patterns: exact, or `prefix*`. */
  readonly required: readonly { readonly claim: readonly string[]; readonly patterns: readonly string[] }[]
  readonly jwksUri: string | null
  readonly ca: string | null
}

export interface LiveCheckSettings {
  /** introspection: RFC 7662. userinfo: OpenID Connect Core, section 5.3. */
  readonly method: 'introspection' | 'userinfo'
  /** Null: the one of the discovery document. */
  readonly endpoint: string | null
  /** For introspection alone. */
  readonly client: { readonly id: string; readonly secret: string } | null
  readonly intervalMs: number
  /** What becomes of sessions when the provider can't be asked so many times in a row. */
  readonly onUnreachable: 'keep' | 'end'
  readonly failures: number
  /** What becomes of sessions whose token has expired, so that nothing can be asked with it. */
  readonly onExpiry: 'keep' | 'end'
}
