import type { StatementFacts } from '../sql/facts.ts'
import { begins, inside, parts, type Word } from './risk_words.ts'

interface NewColumn {
  readonly name: string
  /** MySQL's own; PostgreSQL's stands in a statement of its own. */
  readonly comment: string | null
  readonly words: readonly Word[]
}

/** What in a list of columns is none. */
const NO_COLUMN = new Set([
  ...['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'FOREIGN', 'CHECK', 'EXCLUDE', 'LIKE', 'INDEX', 'KEY', 'FULLTEXT', 'SPATIAL'],
  ...['PARTITION', 'PERIOD', 'SYSTEM', 'TABLE'],
])

/** The columns that a CREATE TABLE or ALTER TABLE makes, and those that it gives a new name or meaning. */
export function newColumns(
  words: readonly Word[],
  { kind, definitions = [], inner }: StatementFacts,
): readonly NewColumn[] {
  if (kind === 'create_table_as') return (inner?.output ?? []).map(({ name }) => ({ name, comment: null, words: [] }))
  const [definition] = definitions
  if (definition?.object !== 'table') return []
  if (definition.change === 'create') return parts(inside(words) ?? []).flatMap(columnIn)
  return actionsOf(words).flatMap(addedIn)
}

/** The parts of ALTER TABLE, behind the table's name. */
export function actionsOf(words: readonly Word[]): readonly (readonly Word[])[] {
  if (!begins(words, 'ALTER')) return []
  let at = words.findIndex(({ upper }) => upper === 'TABLE') + 1
  if (at === 0) return []
  while (/^(?:IF|EXISTS|ONLY|IGNORE)$/.test(words[at]?.upper ?? '')) at++
  at += words[at + 1]?.text === '.' ? 3 : 1
  if (words[at]?.text === '*') at++
  return parts(words.slice(at))
}

function addedIn(action: readonly Word[]): readonly NewColumn[] {
  const verb = action[0]?.upper
  if (verb !== 'ADD' && verb !== 'CHANGE') return []
  let at = 1
  if (action[at]?.upper === 'COLUMN') at++
  while (/^(?:IF|NOT|EXISTS)$/.test(action[at]?.upper ?? '')) at++
  // CHANGE names the old column first.
  const rest = action.slice(verb === 'CHANGE' ? at + 1 : at)
  if (rest[0]?.text === '(') return parts(inside(rest) ?? []).flatMap(columnIn)
  return columnIn(rest)
}

function columnIn(words: readonly Word[]): readonly NewColumn[] {
  const [name] = words
  if (!name || name.literal || NO_COLUMN.has(name.upper)) return []
  const at = words.findIndex(({ upper }) => upper === 'COMMENT')
  const comment = at > 0 ? words[at + 1] : undefined
  return [{ name: name.text, comment: comment?.literal ? contentOf(comment.text) : null, words }]
}

/** COMMENT ON COLUMN [schema.]table.column IS 'text': `table.column` and the text. */
export function columnComment(words: readonly Word[]): readonly [string, string] | null {
  if (!begins(words, 'COMMENT', 'ON', 'COLUMN')) return null
  const is = words.findIndex(({ upper }) => upper === 'IS')
  const text = words[is + 1]
  const names = words.slice(3, is).filter(({ text: one }) => one !== '.')
  const [table, column] = names.slice(-2)
  return table && column && text?.literal ? [`${table.text}.${column.text}`, contentOf(text.text)] : null
}

function contentOf(literal: string): string {
  return literal.replace(/^[^'$]*'|'$/g, '').replaceAll("''", "'")
}
