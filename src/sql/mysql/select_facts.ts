import type { ColumnRef, StatementFacts, Verb } from '../facts.ts'
import { aggregatedColumns } from './aggregated.ts'
import { finishedUses } from './finished_uses.ts'
import { isPlainQuery } from './plain.ts'
import { resolveQuery } from './resolve_query.ts'
import type { Resolution } from './scope.ts'
import { settledColumns } from './settled.ts'
import { blank, type Statement } from './statement_facts.ts'
import type { Notes, Query } from './tree.ts'

/** The facts of SELECT, TABLE and VALUES. Rows that are locked or go elsewhere than to the client let nothing pass. */
export function selectFacts(begun: Resolution, query: Query, statement: Statement, notes: Notes): StatementFacts {
  const tops: (readonly ColumnRef[])[][] = []
  const boundAsText = new Set<number>()
  const state: Resolution = { ...begun, tops, boundAsText }
  const top = !notes.locking && notes.into === null
  const { outputs, rowSources, within } = resolveQuery(state, query, { outer: null, ctes: null, top }, null)
  const plain = within && notes.calls.length === 0 && !notes.examined && isPlainQuery(query, within)
  const aggregated = aggregatedColumns(query, state.uses, notes)
  return {
    ...blank(statement, 'select'),
    verbs: verbsOf(notes),
    uses: finishedUses(state.uses, notes, settledColumns(query, within, notes)).map((use) =>
      aggregated.size > 0 ? { ...use, aggregated } : use,
    ),
    ...(plain ? { plain } : {}),
    output: notes.into === null ? outputs.map(({ field }) => field) : null,
    rowSources,
    ...(tops.length > 0 ? { tops } : {}),
    ...(boundAsText.size > 0 ? { textParameters: ordinals(statement, boundAsText) } : {}),
    settings: notes.settings,
    ...(notes.into === null ? {} : { into: notes.into }),
    hasWhere: query.terms.some((term) => term.kind === 'select' && term.where !== null),
  }
}

function ordinals({ tokens }: Statement, starts: ReadonlySet<number>): number[] {
  const parameters = tokens.filter(({ kind }) => kind === 'param')
  return parameters.flatMap(({ start }, at) => (starts.has(start) ? [at] : []))
}

function verbsOf({ locking, into }: Notes): Verb[] {
  const verbs: Verb[] = locking ? ['read', 'update'] : ['read']
  return into === 'outfile' || into === 'dumpfile' ? [...verbs, 'export'] : verbs
}
