import { createEngines } from '../../src/proxy/engines.ts'
import type { Engine, Verdict } from '../../src/session/verdict.ts'
import { VerdictCache } from '../../src/session/verdict.ts'
import type { Catalog } from '../../src/sql/catalog.ts'
import type { AnalysisContext, StatementFacts } from '../../src/sql/facts.ts'
import { grantOf, IDENTITY, NOW, roleOf, scopeRule } from '../policy/build.ts'
import { targetOf } from '../upstream/target.ts'
import type { SessionState } from './scratch.ts'

/** May do everything that has a verb, and is not unrestricted: what it is refused is not understood. */
const ROLE = roleOf({
  name: 'wide',
  scope: [scopeRule({ schemas: ['*'], verbs: ['read', 'insert', 'update', 'delete'] })],
})
const GRANT = grantOf({ role: 'wide' })

export interface Refusal {
  readonly by: 'analysis' | 'names' | 'policy'
  readonly code: string
  readonly reason: string
}

export interface Judged {
  readonly verdict: Verdict
  readonly statement: StatementFacts
  readonly refusal: Refusal | null
  readonly context: AnalysisContext
  readonly engine: Engine
}

const engineOf = createEngines()

/** What the product makes of one statement; null where the text holds none or several. */
export async function judge(sql: string, catalog: Catalog, state: SessionState): Promise<Judged | null> {
  const engine = await engineOf(catalog)
  const names = { searchPath: null, defaultDatabase: state.database, sqlMode: state.sqlMode, key: '' }
  const subject = { session: undefined as never, identity: IDENTITY, grant: GRANT, database: '', engine }
  const verdict = new VerdictCache().judge({
    subject: { ...subject, target: targetOf({ engine: 'mysql', port: 1 }) },
    names,
    text: sql,
    now: NOW,
    catalog,
    role: ROLE,
    masking: { digest: 'none', masks: [] },
    config: '',
  })
  const [statement, ...others] = verdict.facts.statements
  if (!statement || others.length > 0) return null
  const context = { catalog, searchPath: [], defaultDatabase: state.database, sqlMode: state.sqlMode }
  return { verdict, statement, refusal: refusalOf(verdict, statement), context, engine }
}

function refusalOf({ decision }: Verdict, { opaque }: StatementFacts): Refusal | null {
  if (opaque !== null) {
    return { by: opaque.code === 'SP-NAME' ? 'names' : 'analysis', code: opaque.code, reason: opaque.reason }
  }
  return decision.effect === 'allow' ? null : { by: 'policy', code: decision.code, reason: decision.reason }
}
