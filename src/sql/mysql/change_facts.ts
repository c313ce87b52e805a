import type { ColumnRef, Given, Verb } from '../facts.ts'
import type { Written } from './insert_facts.ts'
import { isPlainWrite } from './plain.ts'
import { resolveFrom } from './resolve_from.ts'
import { resolveCtes } from './resolve_query.ts'
import { mark, type OpenUse, opaque, type Resolution, type Scope, starSource, unique } from './scope.ts'
import { resolveItems } from './select_list.ts'
import { columnOf, noteGiven, readAll, scopeOver } from './write_scope.ts'
import type { Change } from './write_tree.ts'

type Targets = Map<OpenUse, Map<string, Given[]>>

/** UPDATE and DELETE: which of the tables are targets, what they are given, and what else is read. */
export function readChange(state: Resolution, parsed: Change): Written {
  const rows: ColumnRef[] = []
  const ctes = resolveCtes(state, parsed.common, { outer: null, ctes: null, top: false }, rows)
  const from = resolveFrom(state, parsed.from, { outer: null, ctes, top: false })
  rows.push(...from.rowSources)
  const scope = scopeOver(state, from.sources, from.merged)
  const targets: Targets = parsed.kind === 'update' ? assigned(parsed, scope) : deleted(parsed, scope)
  const where = [parsed.where, ...parsed.orderBy, ...(parsed.portion ?? [])].map((expr) => ({ expr }))
  const values = [...parsed.set.map(({ value }) => value), ...where]
  rows.push(...readAll(state, values, scope, ctes))
  const output = parsed.returning && resolveItems(state, parsed.returning, parsed.from, scope, ctes)
  const alone = from.sources.length === 1
  return {
    verbs: verbsOf(parsed),
    rowSources: unique(rows),
    output,
    targets: new Map([...targets].map(([use, given]) => [use, targetOf(parsed, use, given, alone)])),
    hasWhere: parsed.where !== null,
    plainRows: alone && parsed.portion === null && isPlainWrite(parsed.where, parsed.orderBy, scope),
  }
}

/** The parts of a row that FOR PORTION OF leaves out come back as rows of their own. */
function verbsOf({ kind, portion }: Change): readonly Verb[] {
  return portion === null ? [kind] : [kind, 'insert']
}

function assigned({ set }: Change, scope: Scope): Targets {
  const targets: Targets = new Map()
  for (const { target, value } of set) {
    const column = columnOf(target, scope)
    const { use } = column.base
    mark([column], 'written')
    const given = targets.get(use) ?? new Map<string, Given[]>()
    noteGiven(given, column.base.column, value.given)
    targets.set(use, given)
  }
  return targets
}

function deleted({ targets }: Change, scope: Scope): Targets {
  const named = targets === null ? scope.sources : targets.map((parts) => starSource(parts, scope))
  return new Map(
    named.map(({ use }) => {
      if (use === null) throw opaque('DELETE names a table that is none of the database')
      return [use, new Map()]
    }),
  )
}

function targetOf({ kind }: Change, use: OpenUse, given: Map<string, Given[]>, alone: boolean): Partial<OpenUse> {
  return { role: 'target', fixed: use.fixed ?? `the target of ${kind}`, given, alone }
}
