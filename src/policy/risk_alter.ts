import type { Relation } from '../sql/catalog.ts'
import type { StatementFacts } from '../sql/facts.ts'
import { actionsOf } from './risk_columns.ts'
import { type Finding, type RiskInput, sizeOf } from './risk_finding.ts'
import { begins, has, type Word } from './risk_words.ts'

/** What each part of an ALTER TABLE locks and rewrites, by the server. */
export function alterations(
  input: RiskInput,
  { definitions = [] }: StatementFacts,
  words: readonly Word[],
): readonly Finding[] {
  const actions = actionsOf(words)
  if (actions.length === 0) return []
  const relation = definitions[0]?.relation ?? null
  const table = relation ? `${relation.schema}.${relation.name}${sizeOf(input, relation)}` : 'the table'
  const found =
    input.catalog.dialect === 'postgres'
      ? actions.flatMap((action) => postgresAction(action, relation, table))
      : mysqlActions(actions, words, relation, table)
  // One lock is told once, in its strongest form.
  return [...new Map(found.map((finding) => [finding.text, finding])).values()]
}

const VOLATILE = /^(?:NEXTVAL|RANDOM|GEN_RANDOM_UUID|UUID_GENERATE_V\d|UUIDV4|UUIDV7|CLOCK_TIMESTAMP|TIMEOFDAY)$/
const SERIAL = /^(?:SMALL|BIG)?SERIAL[248]?$/

function postgresAction(action: readonly Word[], relation: Relation | null, table: string): readonly Finding[] {
  const [first, second] = [action[0]?.upper ?? '', action[1]?.upper ?? '']
  const exclusive = lock('medium', `Reads and writes of ${table} wait (ACCESS EXCLUSIVE), behind whatever runs there.`)
  const scan = (what: string, instead: string): readonly Finding[] => [
    lock('high', `Every row of ${table} is checked for ${what} while others wait: ${instead}.`),
  ]
  if (begins(action, 'VALIDATE') || (second === 'PARTITION' && first === 'ATTACH'))
    return [lock('info', `Rows of ${table} are checked while reads and writes go on (SHARE UPDATE EXCLUSIVE).`)]
  if (first === 'ALTER' && has(action, 'TYPE')) return [typeChange(action, relation, table) ?? exclusive]
  if (first === 'ALTER' && has(action, 'SET', 'NOT', 'NULL'))
    return scan('NULL', 'a validated CHECK (... IS NOT NULL) before it saves that')
  if (first === 'ALTER' && has(action, 'SET', 'STATISTICS')) return []
  if (first === 'SET' && /^(?:LOGGED|UNLOGGED|TABLESPACE|ACCESS)$/.test(second)) return [rewritten(table)]
  if (first === 'DROP' && second !== 'CONSTRAINT' && !has(action, 'DEFAULT')) return [exclusive, droppedColumn(action)]
  if (first !== 'ADD') return [exclusive]
  const unvalidated = has(action, 'NOT', 'VALID')
  if (has(action, 'FOREIGN', 'KEY') || (isConstraint(action) && has(action, 'REFERENCES')))
    return unvalidated
      ? [lock('medium', `Writes to ${table} wait for a moment (SHARE ROW EXCLUSIVE).`)]
      : scan('the foreign key', 'ADD ... NOT VALID and then VALIDATE CONSTRAINT does not hold writes up')
  if (isConstraint(action) && has(action, 'CHECK'))
    return unvalidated ? [exclusive] : scan('the CHECK', 'ADD ... NOT VALID and then VALIDATE CONSTRAINT does not')
  if (isConstraint(action) && !has(action, 'USING', 'INDEX'))
    return [lock('high', `An index of ${table} is built while reads and writes wait: build it CONCURRENTLY first.`)]
  const volatile = action.some(({ upper }) => VOLATILE.test(upper) || SERIAL.test(upper) || upper === 'IDENTITY')
  const stored = has(action, 'GENERATED') && has(action, 'STORED')
  return volatile || stored ? [rewritten(table)] : [exclusive]
}

function isConstraint(action: readonly Word[]): boolean {
  return /^(?:CONSTRAINT|PRIMARY|UNIQUE|FOREIGN|CHECK|EXCLUDE)$/.test(action[1]?.upper ?? '')
}

/** Longer varchar, or text of it, is the same on disk (ATColumnChangeRequiresRewrite, tablecmds.c). */
function typeChange(action: readonly Word[], relation: Relation | null, table: string): Finding | null {
  const at = action.findIndex(({ upper }) => upper === 'TYPE')
  const name = action[action[1]?.upper === 'COLUMN' ? 2 : 1]?.text
  const before = relation?.columns.find((column) => column.name === name)?.type ?? ''
  const type = action.slice(at + 1)
  const width = /^character varying(?:\((\d+)\))?$/.exec(before)
  if (width && !has(action, 'USING') && !has(action, 'COLLATE')) {
    if (type.length === 1 && /^(?:TEXT|VARCHAR)$/.test(type[0]?.upper ?? '')) return null
    const wider = type[0]?.upper === 'VARCHAR' && type[1]?.text === '(' ? Number(type[2]?.text) : 0
    if (width[1] !== undefined && wider >= Number(width[1])) return null
  }
  return rewritten(table)
}

function mysqlActions(
  actions: readonly (readonly Word[])[],
  words: readonly Word[],
  relation: Relation | null,
  table: string,
): readonly Finding[] {
  const waits = lock(
    'medium',
    `It waits for every transaction that uses ${table}, and whoever comes after waits behind it.`,
  )
  if (has(words, 'ALGORITHM', '=', 'INSTANT')) return [waits, ...dropsIn(actions)]
  if (has(words, 'ALGORITHM', '=', 'COPY')) return [rewritten(table), ...dropsIn(actions)]
  return [waits, ...actions.flatMap((action) => mysqlAction(action, relation, table)), ...dropsIn(actions)]
}

/** What is not in place is copied, while writes wait (Online DDL Operations of the Reference Manual). */
function mysqlAction(action: readonly Word[], relation: Relation | null, table: string): readonly Finding[] {
  const [first, second] = [action[0]?.upper ?? '', action[1]?.upper ?? '']
  if (first === 'MODIFY' || first === 'CHANGE') return sameType(action, relation) ? [] : [rewritten(table)]
  if (first === 'CONVERT' || (first === 'DROP' && second === 'PRIMARY')) return [rewritten(table)]
  if (/^(?:ENGINE|FORCE|ROW_FORMAT|KEY_BLOCK_SIZE|PARTITION|REORGANIZE|COALESCE)$/.test(first))
    return [rewritten(table)]
  if (first !== 'ADD') return []
  if (second === 'PRIMARY') return [rewritten(table)]
  if (has(action, 'FOREIGN', 'KEY'))
    return [lock('high', `Every row of ${table} is checked for the foreign key, and the table is copied for it.`)]
  if (second === 'FULLTEXT' || second === 'SPATIAL')
    return [lock('high', `Writes to ${table} wait until the index is built.`)]
  if (isConstraint(action) && has(action, 'CHECK')) return [rewritten(table)]
  if (has(action, 'AUTO_INCREMENT') || has(action, 'STORED') || has(action, 'PERSISTENT')) return [rewritten(table)]
  return []
}

/** The type stays, or a varchar becomes longer on the same side of 255 bytes; characters may have four. */
function sameType(action: readonly Word[], relation: Relation | null): boolean {
  const at = action[1]?.upper === 'COLUMN' ? 2 : 1
  const before = relation?.columns.find(({ name }) => name.toLowerCase() === action[at]?.text.toLowerCase())?.type ?? ''
  const type = action.slice(action[0]?.upper === 'CHANGE' ? at + 2 : at + 1)
  const [, width] = /^varchar\((\d+)\)$/.exec(before) ?? []
  if (width !== undefined) {
    const wider = type[0]?.upper === 'VARCHAR' ? Number(type[2]?.text) : 0
    const oneByte = wider * 4 <= 255
    return wider >= Number(width) && (oneByte || Number(width) > 255)
  }
  return before !== '' && before.split(/[\s(]/)[0]?.toUpperCase() === type[0]?.upper && type[1]?.text !== '('
}

function dropsIn(actions: readonly (readonly Word[])[]): readonly Finding[] {
  return actions.flatMap((action) => (isColumnDrop(action) ? [droppedColumn(action)] : []))
}

function isColumnDrop(action: readonly Word[]): boolean {
  const second = action[1]?.upper ?? ''
  return action[0]?.upper === 'DROP' && !/^(?:PRIMARY|INDEX|KEY|FOREIGN|CONSTRAINT|CHECK|PARTITION)$/.test(second)
}

function droppedColumn(action: readonly Word[]): Finding {
  const names = action.filter(({ upper }) => !/^(?:DROP|COLUMN|IF|EXISTS|CASCADE|RESTRICT)$/.test(upper))
  return { kind: 'drop', severity: 'high', text: `The column ${names[0]?.text ?? ''} is dropped with its values.` }
}

function rewritten(table: string): Finding {
  return { kind: 'rewrite', severity: 'high', text: `${table} is written anew, while others wait.` }
}

function lock(severity: Finding['severity'], text: string): Finding {
  return { kind: 'lock', severity, text }
}
