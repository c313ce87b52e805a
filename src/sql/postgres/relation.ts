import { type Relation, relationKey } from '../catalog.ts'
import type { AnalysisContext } from '../facts.ts'
import { baseField, renamed } from './field.ts'
import { type Body, flag, has, names, num, opaque, openAs, refuse, str } from './node.ts'
import type { Item } from './scope.ts'
import { isKeyword, nameSpan, type Source, textOf } from './source.ts'
import type { UseDraft, Work } from './work.ts'

/**
 * The relation that a name means (namespace.c, RangeVarGetRelid): pg_catalog first, then the search path. A session
 * that is judged by this can't make temporary tables, so pg_temp holds nothing.
 */
function findRelation(context: AnalysisContext, database: string, schema: string, name: string): Relation {
  const { catalog } = context
  if (database !== '' && database !== catalog.database) {
    return refuse('SP-NAME', `cross-database reference "${database}.${schema}.${name}"`)
  }
  const found = lookUp(context, schema, name)
  return found ?? refuse('SP-NAME', `relation "${schema === '' ? name : `${schema}.${name}`}" is not known`)
}

/** The relation of that name, or null; an empty schema means the path, which pg_catalog comes before unless it is in it. */
export function lookUp({ catalog, searchPath }: AnalysisContext, schema: string, name: string): Relation | null {
  const path = searchPath.includes('pg_catalog') ? searchPath : ['pg_catalog', ...searchPath]
  for (const candidate of schema === '' ? path : [schema]) {
    const relation = catalog.relations.get(relationKey(candidate, name))
    if (relation !== undefined) return relation
  }
  return null
}

/** Records a reference to a base relation. */
export function useRelation(work: Work, range: Body, role: 'read' | 'target'): UseDraft {
  const [database, schema, name] = [str(range, 'catalogname'), str(range, 'schemaname'), str(range, 'relname')]
  const relation = findRelation(work.context, database, schema, name)
  const only = !flag(range, 'inh')
  const spans = relationSpans(work.source, num(range, 'location'), [database, schema, name].filter(Boolean), only)
  const alias = has(range, 'alias') ? str(openAs('Alias', range.alias), 'aliasname') : name
  const use: UseDraft = {
    id: work.uses.length,
    relation,
    ...spans,
    location: num(range, 'location'),
    only,
    qualified: schema !== '',
    alias,
    hasAlias: has(range, 'alias'),
    qualifiers: [],
    referenced: new Set(),
    computed: new Set(),
    otherwise: new Set(),
    lookups: new Map(),
    passed: new Set(),
    written: new Set(),
    system: new Set(),
    role,
    verbs: new Set(),
    wholeRow: false,
    starred: false,
    stars: [],
    prefixes: [],
    sample: null,
    given: null,
    conflict: false,
    alone: true,
    locked: false,
    fixed: role === 'target' ? 'target' : null,
  }
  work.uses.push(use)
  return use
}

/** A use as an entry of FROM. */
export function relationItem(use: UseDraft, range: Body): Item {
  const columns = use.relation.columns.map((column) => baseField(use.relation, use.id, column.name, column.name))
  const aliases = has(range, 'alias') ? names(openAs('Alias', range.alias), 'colnames') : []
  return {
    alias: use.alias,
    fields: renamed(columns, aliases) ?? opaque(`"${use.alias}" has fewer columns than its alias names`),
    use: use.id,
    relation: use.relation,
    ownName: !use.hasAlias,
    named: true,
    open: true,
    lateralOnly: false,
    lateralOk: true,
    uncertain: false,
  }
}

/** The name's span, and the same with ONLY, its parentheses and `*`. */
function relationSpans(source: Source, location: number, parts: readonly string[], only: boolean) {
  const name = nameSpan(source, location, parts)
  const nameOnly = { start: name.start, end: name.end }
  const first = source.starts.get(name.start)!
  if (!only) {
    if (isKeyword(source, first - 1, 'only')) opaque('ONLY is not where the parse tree says')
    const star = source.tokens[name.next]
    const end = star !== undefined && textOf(source, name.next) === '*' ? star.end : name.end
    return { span: { start: name.start, end }, nameSpan: nameOnly }
  }
  if (isKeyword(source, first - 1, 'only')) {
    return { span: { start: source.tokens[first - 1]!.start, end: name.end }, nameSpan: nameOnly }
  }
  const closed = textOf(source, first - 1) === '(' && textOf(source, name.next) === ')'
  if (!closed || !isKeyword(source, first - 2, 'only')) return opaque('ONLY is not where the parse tree says')
  return { span: { start: source.tokens[first - 2]!.start, end: source.tokens[name.next]!.end }, nameSpan: nameOnly }
}
