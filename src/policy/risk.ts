import type { StatementFacts } from '../sql/facts.ts'
import { alterations } from './risk_alter.ts'
import { columnComment, newColumns } from './risk_columns.ts'
import { type Finding, type Risk, type RiskInput, sizeOf } from './risk_finding.ts'
import { lockOf } from './risk_lock.ts'
import { begins, has, type Word, wordsOf } from './risk_words.ts'
import { nameOf, usesOf } from './rule_context.ts'

/**
 * What approvers should know of a script: which locks it takes and what it rewrites, by the server and its version; what
 * it drops, changes without a condition, opens to others, adds without a class, and what nobody can tell from its text.
 * It shows and decides nothing: a risk that is not listed here is no promise.
 */
export function risksOf(input: RiskInput): readonly Risk[] {
  const comments = commentsOf(input.statements)
  return input.statements.flatMap((statement, index) => {
    const words = wordsOf(statement.compared ?? '')
    const found = [
      ...opaque(statement),
      ...grants(statement, words),
      ...drops(words),
      ...missingWhere(input, statement, words),
      ...lockOf(input, statement, words),
      ...alterations(input, statement, words),
      ...unclassified(input, statement, words, comments),
    ]
    return found.map((finding) => ({ statement: index, ...finding }))
  })
}

/** For rules of approval: security has to see a script that adds a column whose class nobody has said. */
export function addsUnclassified(risks: readonly Pick<Risk, 'kind'>[]): boolean {
  return risks.some(({ kind }) => kind === 'unclassified_column')
}

/** It uses what an earlier statement makes, or nobody. */
function isUnmade({ opaque: why }: StatementFacts): boolean {
  return why?.code === 'SP-NAME' || why?.code === 'SP-COLUMN'
}

function opaque(statement: StatementFacts): readonly Finding[] {
  const { kind, opaque: why, definitions = [] } = statement
  const code = kind === 'do' || kind === 'call'
  if (code) return [{ kind: 'opaque', severity: 'high', text: 'It runs code whose effects are not analysed.' }]
  const made = definitions.find(({ object }) => /function|procedure|trigger|event|rule|package/.test(object))
  if (made) {
    const text = `The body of the ${made.object} ${made.name} runs later, and is not analysed.`
    return [{ kind: 'opaque', severity: 'medium', text }]
  }
  if (!why && kind !== 'opaque') return []
  const unmade = isUnmade(statement)
  const text = unmade
    ? `It names something that is not there yet: ${why?.reason}.`
    : `It is not fully understood: ${why?.reason ?? 'unknown form'}.`
  return [{ kind: 'opaque', severity: unmade ? 'info' : 'high', text }]
}

function grants({ kind, definitions = [] }: StatementFacts, words: readonly Word[]): readonly Finding[] {
  const high = (text: string): readonly Finding[] => [{ kind: 'grant', severity: 'high', text }]
  if (begins(words, 'GRANT') || begins(words, 'REVOKE')) return high('It changes who may do what in the database.')
  if (has(words, 'OWNER', 'TO')) return high('It gives the object to another owner.')
  if (has(words, 'ROW', 'LEVEL', 'SECURITY') || definitions.some(({ object }) => object === 'policy'))
    return high('It changes which rows others see.')
  if (has(words, 'SECURITY', 'DEFINER')) return high('It makes a routine that runs with the rights of its owner.')
  const roles = begins(words, 'CREATE', 'USER') || has(words.slice(0, 2), 'ROLE') || has(words.slice(0, 2), 'USER')
  if (roles) return high('It makes, changes or drops an account or role.')
  return kind === 'administration' ? high('It is administration of the server.') : []
}

function drops(words: readonly Word[]): readonly Finding[] {
  const cascade = has(words, 'CASCADE') ? ', with all that depends on it' : ''
  const high = (text: string): readonly Finding[] => [{ kind: 'drop', severity: 'high', text: `${text}${cascade}.` }]
  if (begins(words, 'TRUNCATE')) return high('All rows are removed')
  if (!begins(words, 'DROP')) return []
  const object = words[1]?.upper.toLowerCase() ?? 'object'
  if (/^(?:table|schema|database|materialized|sequence|type|tables)$/.test(object))
    return high(`A ${object} is dropped`)
  return [{ kind: 'drop', severity: cascade === '' ? 'medium' : 'high', text: `A ${object} is dropped${cascade}.` }]
}

function missingWhere(input: RiskInput, statement: StatementFacts, words: readonly Word[]): readonly Finding[] {
  const { hasWhere, unconditional } = statement
  if (isUnmade(statement)) return missingWhereOf(words)
  const { kind } = statement
  if (kind !== 'update' && kind !== 'delete' && kind !== 'insert' && kind !== 'merge') return []
  const target = usesOf(statement).find(({ role }) => role === 'target')
  const name = target ? `${nameOf(target)}${sizeOf(input, target.relation)}` : 'a table'
  const what = kind === 'delete' ? 'deleted' : 'changed'
  if (unconditional || ((kind === 'update' || kind === 'delete') && !hasWhere))
    return [{ kind: 'missing_where', severity: 'high', text: `Every row of ${name} is ${what}: there is no WHERE.` }]
  return [{ kind: 'data_change', severity: 'info', text: `Rows of ${name} are ${kind === 'insert' ? 'added' : what}.` }]
}

/** Of a statement on what is not there yet its words are all there is. */
function missingWhereOf(words: readonly Word[]): readonly Finding[] {
  const [first] = words
  if (first?.upper !== 'UPDATE' && first?.upper !== 'DELETE') return []
  const what = first.upper === 'DELETE' ? 'deleted' : 'changed'
  if (has(words, 'WHERE')) return [{ kind: 'data_change', severity: 'info', text: `Rows are ${what}.` }]
  return [{ kind: 'missing_where', severity: 'high', text: `Every row is ${what}: there is no WHERE.` }]
}

/** PostgreSQL sets comments in statements of their own; they count wherever in the script they stand. */
function commentsOf(statements: readonly StatementFacts[]): ReadonlyMap<string, string> {
  const found = statements.map((statement) => columnComment(wordsOf(statement.compared ?? '')))
  return new Map(found.filter((comment) => comment !== null))
}

function unclassified(
  input: RiskInput,
  statement: StatementFacts,
  words: readonly Word[],
  comments: ReadonlyMap<string, string>,
): readonly Finding[] {
  const [definition] = statement.definitions ?? []
  const table = definition?.relation?.name ?? definition?.name ?? ''
  const schema = definition?.schema ?? null
  return newColumns(words, statement).flatMap(({ name, comment }): readonly Finding[] => {
    const said = comment ?? comments.get(`${table}.${name}`) ?? null
    if (input.isClassified(schema, table, name, said)) return []
    const text = `The column ${table}.${name} has no classification: nobody has said whether it needs a mask.`
    return [{ kind: 'unclassified_column', severity: 'high', text }]
  })
}
