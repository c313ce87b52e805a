import type { AccessControl, Caller } from '../access/control.ts'
import type { Store } from '../access/ports.ts'
import type { PolicyKind } from '../access/records.ts'
import type { AlertEvent, Signal } from '../audit/alert_event.ts'
import type { AlertSettings } from '../audit/alert_settings.ts'
import type { Identity } from '../identity/identity.ts'
import type { Grant } from '../policy/grant.ts'
import type { AuditLog, CertificateAuthority, Clock, Credentials, Ids, Locks, Tokens } from '../session/ports.ts'
import type { AuditSearchPort } from './audit_search.ts'
import type { Answer, Input } from './contract/operations.ts'

/** What the admin API asks of the world. A port that is null is not configured: its operations say so. */
export interface ApiDeps {
  readonly settings: ApiSettings
  readonly version: string
  readonly control: AccessControl
  readonly store: Pick<Store, 'read' | 'write'>
  readonly tokens: Tokens
  readonly locks: Locks
  readonly clock: Clock
  readonly ids: Ids
  readonly log: ApiLog
  /** Has each call of a person before anything of it is done. */
  readonly audit: Pick<AuditLog, 'append'>
  readonly certificates: { readonly authority: CertificateAuthority; readonly live: Credentials } | null
  /** Verifies a logout token; OpenID Connect Back-Channel Logout 1.0, section 2.6. Rejects with `SP-AUTH`. */
  readonly logoutTokens: ((token: string) => Promise<LoggedOut>) | null
  /** Reaches the identity provider where it has authorities of its own; null: Node's fetch. */
  readonly providerFetch: ((url: string, init: ProviderRequest) => Promise<Response>) | null
  /** What a machine has to know before anybody is logged in there. */
  readonly clientSettings: Plain<Answer<'getClientSettings'>> | null
  /** Those of the policy files that are loaded. */
  readonly fileGrants: () => readonly Grant[]
  readonly questions: PolicyQuestions | null
  readonly evidence: Evidence | null
  readonly history: History | null
  readonly auditSearch: AuditSearchPort | null
  readonly checkpoints: CheckpointPort | null
  readonly alerts: AlertRules | null
  readonly sinks: AuditSinks | null
  readonly recordings: RecordingShelf | null
  readonly posture: Posture | null
  readonly usage: Usage | null
  readonly incidentWebhooks: IncidentWebhooks | null
  /** The text of a secret reference, for webhooks out. Rejects with `SP-CONFIG`. */
  readonly secret: (reference: string) => Promise<string>
  /** Told of a logout by the provider: ends live sessions of the person too. */
  readonly loggedOut: (who: LoggedOut) => void
}

export interface ApiSettings {
  readonly host: string
  readonly port: number
  /** PEM. Null: plain HTTP, on loopback only. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** The origin by which browsers reach the API: `https://access.example.test`. */
  readonly publicUrl: string
  /** CIDR networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Null: bearer tokens only. */
  readonly login: LoginSettings | null
  readonly rates: RateSettings
  readonly slack: SlackSettings | null
  /** `secrets` are the references that a webhook may be signed with. */
  readonly webhooks: { readonly allowNetworks: readonly string[]; readonly secrets: readonly string[] }
}

/** Calls a minute. */
export interface RateSettings {
  readonly perAddress: number
  readonly logins: number
  readonly reads: number
  readonly writes: number
  readonly heavy: number
}

export interface LoginSettings {
  readonly issuer: string
  readonly clientId: string
  /** Null for a public client. */
  readonly clientSecret: string | null
  readonly scopes: readonly string[]
  /** Which of the tokens says who the person is: it is verified as a bearer token would be. */
  readonly token: 'id' | 'access'
  readonly maxSessionMs: number
}

/** A Slack workspace, see `slack/client.ts`. */
export interface SlackSettings {
  readonly signingSecret: string
  /** Presses of other workspaces count for nothing. */
  readonly teamId: string
  /** The confirmed email of a full member; null for anybody else. */
  emailOf(user: string): Promise<string | null>
  /** Says at a message's response URL what became of it. */
  respond(url: string, message: object): Promise<void>
  send(channel: string, message: object): Promise<void>
}

export interface ApiLog {
  info(detail: object, text: string): void
  warn(detail: object, text: string): void
  error(detail: object, text: string): void
}

export interface ProviderRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

export interface LoggedOut {
  readonly issuer: string
  readonly subject: string | null
  /** The session at the provider. */
  readonly sid: string | null
}

/** Answers what policy would do; runs nothing. */
export interface PolicyQuestions {
  evaluate(caller: Caller, question: Input<'evaluatePolicy'>['body']): Promise<Plain<Answer<'evaluatePolicy'>>>
  /** What a changed policy would have done with the statements of the last 30 days. */
  impact(caller: Caller, question: PolicyProposal): Promise<Plain<Answer<'impactOfPolicy'>>>
}

export interface PolicyProposal {
  readonly kind: PolicyKind
  readonly name: string
  readonly body: Readonly<Record<string, unknown>> | null
}

export interface Evidence {
  controls(): Plain<Answer<'listControls'>>['items']
  build(question: Input<'buildEvidence'>['body']): Promise<EvidencePack>
  figures(from: number, to: number): Promise<Plain<Answer<'getFigures'>>>
  idleGrants(): Promise<Plain<Answer<'listIdleGrants'>>['items']>
  overPrivileged(from: number, to: number): Promise<Plain<Answer<'listOverPrivileged'>>['items']>
}

export interface EvidencePack {
  /** Ends in the format's own. */
  readonly fileName: string
  readonly bytes: Uint8Array
}

export interface History {
  /** The person's own records, the newest first. */
  search(person: Identity, query: HistoryQuery): Promise<HistoryPage>
}

export interface HistoryQuery {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly target?: string | undefined
  readonly contains?: string | undefined
  readonly after?: string | undefined
  readonly limit: number
}

export interface HistoryPage {
  readonly items: Plain<Answer<'listOwnHistory'>>['items']
  readonly next: string | null
}

/** The recordings of this node, as they are kept. */
export interface RecordingShelf {
  /** The newest first. */
  list(query: RecordingQuery): Promise<{
    readonly items: Plain<Answer<'listRecordings'>>['items']
    readonly next: string | null
  }>
  /** The sealed file. Rejects with `SP-NOT-FOUND`. */
  read(id: string): Promise<Uint8Array>
}

export interface RecordingQuery {
  readonly limit: number
  readonly after?: string | undefined
  readonly target?: string | undefined
  /** Email or subject. */
  readonly person?: string | undefined
}

/** The rules in force; a test is raised as an alert is. */
export interface AlertRules {
  settings(): AlertSettings
  test(signal: Signal, by: string): AlertEvent
}

/** See `CheckpointProofs` of `auditlog/proof_thread.ts`. */
export interface CheckpointPort {
  /** The last checkpoint, or the last that can be proved from a size; null where there is none. */
  latest(
    from: number | null,
  ): Promise<{ readonly note: string; readonly size: number; readonly proof: readonly string[] } | null>
}

/** See `Sinks` of `sinks/sinks.ts`. */
export interface AuditSinks {
  statuses(): Plain<Answer<'listSinks'>>['items']
  /** Rejects with `SP-NOT-FOUND` for an unknown sink. */
  test(name: string): Promise<Plain<Answer<'testSink'>>>
}

export interface Posture {
  /** Rejects with `SP-NOT-FOUND` for an unknown target. */
  findings(target: string): Promise<Plain<Answer<'getPosture'>>>
}

export interface Usage {
  of(grantId: string): Promise<Plain<Answer<'getGrantUse'>>['items']>
  /** Granted beside used, for a line of a review. */
  beside(line: {
    readonly grantId: string
    readonly role: string
  }): Promise<Pick<Plain<Answer<'listReviewItems'>>['items'][number], 'granted' | 'used'>>
}

export interface IncidentWebhooks {
  /** Checks and reads what a provider sent. Never rejects. */
  receive(
    provider: string,
    request: { readonly headers: Readonly<Record<string, string | undefined>>; readonly body: Uint8Array },
  ): Promise<IncidentNews>
}

export type IncidentNews =
  | { readonly kind: 'incident'; readonly provider: string; readonly incidentId: string }
  | { readonly kind: 'ignored' | 'refused'; readonly detail: string }

/** Answers may be given as the records have them: deeply readonly. */
export type Plain<T> =
  T extends Map<infer K, infer V>
    ? ReadonlyMap<K, V>
    : T extends readonly (infer E)[]
      ? readonly Plain<E>[]
      : T extends object
        ? { readonly [K in keyof T]: Plain<T[K]> }
        : T
