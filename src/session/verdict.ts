import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { PolicyDigests } from '../audit/event.ts'
import { encodeUtf8 } from '../bytes/writer.ts'
import { SallyportError } from '../errors.ts'
import { decide } from '../policy/decide.ts'
import type { Decision, Deny } from '../policy/decision.ts'
import type { MaskingPolicy } from '../policy/masking_policy.ts'
import { createMasks, type Masks } from '../policy/masks.ts'
import type { Role } from '../policy/role.ts'
import type { Catalog, Relation } from '../sql/catalog.ts'
import type { Rewritten } from '../sql/edits.ts'
import type { AnalysisContext, Facts, StatementFacts } from '../sql/facts.ts'
import type { SubstitutionPlan } from '../sql/substitution.ts'
import { copyFacts, editsInCopy, exportedFacts } from './exported.ts'
import type { Subject } from './gate.ts'
import { markLifted, showsMasked } from './lifted.ts'
import { viewFactsOf } from './view_facts.ts'

/** One database dialect's analysis and rewriting, with its parser already in hand. */
export interface Engine {
  readonly analyze: (text: string, context: AnalysisContext) => Facts
  readonly rewrite: (facts: Facts, plans: readonly SubstitutionPlan[], context: AnalysisContext) => Rewritten
}

/** What the session has set that changes what a name means. `key` is equal only where all of it is. */
export interface Names {
  readonly searchPath: readonly string[] | null
  readonly defaultDatabase: string | null
  readonly sqlMode: ReadonlySet<string> | null
  /** Set while the session is under settings that the analysis does not read by. */
  readonly unread?: string
  readonly key: string
}

/** A decision with all that its execution needs, worked out once for a text in its context. */
export interface Verdict {
  readonly facts: Facts
  readonly decision: Decision
  /** The SQL to send. */
  readonly text: string
  /** What of the client's text was replaced in it: the server's error positions are mapped back by these. */
  readonly edits: Rewritten['edits']
  readonly masks: Masks
  readonly catalog: Catalog
  readonly role: Role
  readonly masking: MaskingPolicy
  readonly namesKey: string
  readonly digests: PolicyDigests
  /** It shows what the policy masks for others: its record is on disk before it goes out. */
  readonly showsMasked: boolean
  /** SHA-256 of the client's text, hex, and its UTF-8 length. */
  readonly sha256: string
  readonly bytes: number
}

export interface Question {
  readonly subject: Subject
  readonly names: Names
  readonly text: string
  readonly now: number
  readonly catalog: Catalog
  readonly role: Role
  readonly masking: MaskingPolicy
  readonly config: string
}

/** True where the same text goes out under the same role and policy, and its rows are treated alike. */
export function saysTheSame(one: Verdict, other: Verdict): boolean {
  return (
    one.text === other.text &&
    one.role === other.role &&
    one.masking === other.masking &&
    one.digests.config === other.digests.config &&
    written(one.decision) === written(other.decision)
  )
}

/** A decision is data alone, but for the keys of masks, which come from the policy that is compared as it is. */
function written(decision: Decision): string {
  return JSON.stringify(decision, (_name, value: unknown) =>
    value instanceof Map || value instanceof Set ? [value.constructor.name, ...value] : value,
  )
}

/** What such a statement reads is not in its facts: it runs code that is elsewhere, or was not understood. */
const RUNS_ANYTHING: ReadonlySet<StatementFacts['kind']> = new Set(['opaque', 'call', 'do', 'handler', 'maintenance'])

/** Characters of SQL that the cache may hold, over all sessions: texts dominate what an entry costs. */
const CACHE_TEXT_CHARS = 16 * 1024 * 1024
/** Longer texts are bulk inserts that seldom come twice. */
const CACHED_TEXT_MAX_CHARS = 32 * 1024

/**
 * Verdicts by grant, role, masks, catalog, names in force and text. The grant's window is no part of an entry: the
 * gate judges it at each execution.
 */
export class VerdictCache {
  readonly #entries = new LRUCache<string, LRUCache<string, Verdict>>({ max: 256 })

  judge(question: Question): Verdict {
    const { subject, role, masking, catalog, names, text, config } = question
    const key = `${config}\0${subject.grant.id}\0${role.digest}\0${masking.digest}\0${catalog.digest}\0${subject.database}\0${subject.limited === true}\0${names.key}`
    let byText = this.#entries.get(key)
    if (!byText) {
      byText = new LRUCache<string, Verdict>({
        maxSize: CACHE_TEXT_CHARS / 64,
        sizeCalculation: (_verdict, cached) => cached.length + 1,
      })
      this.#entries.set(key, byText)
    }
    const known = byText.get(text)
    if (known) return known
    const verdict = this.#work(question)
    // A refusal by the clock is true for this moment only.
    if (text.length <= CACHED_TEXT_MAX_CHARS && !dependsOnTime(verdict.decision)) byText.set(text, verdict)
    return verdict
  }

  #work(question: Question): Verdict {
    const { subject, names, text, catalog, role, masking } = question
    const context: AnalysisContext = {
      catalog,
      searchPath: names.searchPath ?? catalog.searchPath,
      defaultDatabase: names.defaultDatabase,
      sqlMode: names.sqlMode ?? catalog.sqlMode,
      ...(names.unread === undefined ? {} : { unread: names.unread }),
      ...(subject.grant.plan && { compared: true }),
    }
    const own = subject.engine.analyze(text, context)
    const exported = role.unrestricted ? null : exportedFacts(own, context, subject.engine)
    const facts = exported ?? own
    const viewFacts = (view: Relation) => viewFactsOf(view, catalog, subject.engine)
    const input = { ...subject, role, masking, catalog, target: subject.target.name, viewFacts }
    const understood = facts.statements.every(({ kind }) => !RUNS_ANYTHING.has(kind))
    const decision = markLifted(decide({ ...input, facts, now: question.now }), input)
    const masks = createMasks(input)
    const sent = rewriteAllowed(decision, facts, context, subject.engine)
    const rewritten = exported ? { ...sent, edits: editsInCopy(own, sent, exported) } : sent
    const encoded = encodeUtf8(text)
    return {
      facts: exported ? copyFacts(own, exported) : own,
      decision: rewritten.decision,
      text: rewritten.text,
      edits: rewritten.edits,
      masks,
      catalog,
      role,
      masking,
      namesKey: names.key,
      showsMasked: showsMasked(rewritten.decision, input, understood),
      digests: { config: question.config, role: role.digest, masking: masking.digest, catalog: catalog.digest },
      sha256: createHash('sha256').update(encoded).digest('hex'),
      bytes: encoded.length,
    }
  }
}

function rewriteAllowed(
  decision: Decision,
  facts: Facts,
  context: AnalysisContext,
  engine: Engine,
): Rewritten & { readonly decision: Decision } {
  const asWritten = { text: facts.text, edits: [] }
  if (decision.effect === 'deny' || decision.verbatim) return { decision, ...asWritten }
  try {
    const plans = decision.plans.map((plan) => plan.substitutions)
    return { decision, ...engine.rewrite(asApproved(facts, decision), plans, context) }
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    return { decision: refusedRewrite(error), ...asWritten }
  }
}

/** Nothing is there to replace in what goes out as it was approved. */
function asApproved(facts: Facts, { plans }: Extract<Decision, { effect: 'allow' }>): Facts {
  if (!plans.some(({ asWritten }) => asWritten)) return facts
  const statements = facts.statements.map((statement, index) =>
    plans[index]?.asWritten ? { ...statement, uses: [], unnamed: [], inner: null } : statement,
  )
  return { ...facts, statements }
}

function refusedRewrite(error: SallyportError): Deny {
  return { effect: 'deny', rule: 'rewrite', code: error.code, reason: error.detail, statement: 0 }
}

function dependsOnTime(decision: Decision): boolean {
  return decision.effect === 'deny' && decision.code === 'SP-GRANT-ENDED'
}
