import type { ErrorCode } from '../../errors.ts'
import type { ColumnUse, OutputField, RelationUse, StatementFacts, StatementKind } from '../facts.ts'
import type { Field, Sources } from './field.ts'
import { settleOwnTypes } from './own_types.ts'
import { settingsOf } from './set_config.ts'
import type { UseDraft, Work } from './work.ts'

/** What a statement's own reader finds; the rest is filled in here. */
export type Findings = Partial<Omit<StatementFacts, 'span' | 'normalized'>> & { readonly kind: StatementKind }

const NOTHING: Omit<StatementFacts, 'kind' | 'span' | 'normalized'> = {
  verbs: [],
  uses: [],
  functions: [],
  output: null,
  rowSources: [],
  settings: [],
  name: null,
  killQuery: false,
  inner: null,
  hasWhere: false,
  opaque: null,
}

type Place = Pick<StatementFacts, 'span' | 'normalized'>

export function factsOf(place: Place, findings: Findings): StatementFacts {
  return { ...NOTHING, ...place, ...findings }
}

export function opaqueFacts(place: Place, code: ErrorCode, reason: string, position?: number): StatementFacts {
  const opaque = position === undefined ? { code, reason } : { code, reason, position }
  return factsOf(place, { kind: 'opaque', opaque })
}

/** What the work has collected, frozen. */
export function collected(work: Work, aggregated: ReadonlySet<string> = new Set()) {
  settleOwnTypes(work)
  const { plain, plainRows } = work
  return {
    uses: work.uses.map((draft) => (aggregated.size > 0 ? { ...useOf(draft), aggregated } : useOf(draft))),
    functions: work.functions,
    verbs: [...work.verbs],
    settings: settingsOf(work.functions),
    plain,
    plainRows,
    ...(work.tops.length > 0 ? { tops: work.tops.map((keys) => keys.map((key) => [...key.values()])) } : {}),
    ...(work.unconditional ? ({ unconditional: true } as const) : {}),
  } satisfies Partial<StatementFacts>
}

export function outputOf(fields: readonly Field[]): readonly OutputField[] {
  return fields.map((field) => ({ name: field.name, origin: field.origin, sources: [...field.sources.values()] }))
}

export function sourcesOf(rows: Sources): StatementFacts['rowSources'] {
  return [...rows.values()]
}

function useOf(draft: UseDraft): RelationUse {
  const { id, relation, role, span, only, qualified, alias, hasAlias, qualifiers, wholeRow } = draft
  const columns = new Map<string, ColumnUse>()
  for (const name of [...draft.referenced, ...draft.system]) columns.set(name, stateOf(draft, name))
  return {
    id,
    relation,
    role,
    span,
    only,
    qualified,
    alias,
    hasAlias,
    qualifiers,
    columns,
    wholeRow,
    fixed: fixedOf(draft),
    prefixes: draft.prefixes,
    locked: draft.locked,
    stars: draft.stars,
    lookups: new Map([...draft.lookups].filter(([name]) => !draft.otherwise.has(name))),
    conflict: draft.conflict,
    alone: draft.alone,
    ...(draft.sample === null ? {} : { sample: draft.sample }),
    ...(draft.given === null ? {} : { given: draft.given }),
    ...(draft.verbs.size > 0 ? { verbs: [...draft.verbs] } : {}),
  }
}

/** Passed and written have to be shown; what is only named somewhere counts as computed on. */
function stateOf(draft: UseDraft, column: string): ColumnUse {
  if (draft.computed.has(column)) return 'computed'
  if (draft.passed.has(column)) return 'passed'
  return draft.written.has(column) ? 'written' : 'computed'
}

/** A system column has to be listed by the subquery that stands in, where `*` or a whole row would show it. */
function fixedOf(draft: UseDraft): string | null {
  if (draft.fixed !== null) return draft.fixed
  return draft.system.size > 0 && (draft.starred || draft.wholeRow) ? 'a system column beside the whole row' : null
}
