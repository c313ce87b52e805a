import type { StatementKind, Verb } from '../facts.ts'
import { targetField } from './column_ref.ts'
import { readCtes } from './cte.ts'
import { walk, walkOptional } from './expression.ts'
import { addSources, type Field, type Sources } from './field.ts'
import { checkNames, readFrom } from './from.ts'
import { noteGiven } from './given.ts'
import { type Body, has, list, opaque, open, openAs, openOnly, str } from './node.ts'
import { readQuery } from './query.ts'
import { relationItem, useRelation } from './relation.ts'
import { type Item, openScope, type Scope } from './scope.ts'
import { compute, type UseDraft, type Work } from './work.ts'

/** A write while it is read: its target, what it sees, and what decides its rows. */
export interface Write {
  readonly work: Work
  readonly scope: Scope
  readonly rows: Sources
  readonly target: Item
}

/** What a write gives: the fields of RETURNING, or null without it. */
export interface WriteResult {
  readonly kind: StatementKind
  readonly fields: readonly Field[] | null
  readonly rows: Sources
  readonly hasWhere: boolean
}

export function startWrite(work: Work, body: Body, parent: Scope | null, verb: Verb | null): Write {
  const scope = openScope(parent)
  const rows: Sources = new Map()
  if (has(body, 'withClause')) readCtes(work, openAs('WithClause', body.withClause), scope, rows)
  const range = openAs('RangeVar', body.relation)
  const use = useRelation(work, range, 'target')
  noteGiven(use, body)
  const write = { work, scope, rows, target: relationItem(use, range) }
  if (verb !== null) addVerb(write, verb)
  return write
}

/** Each target has verbs of its own: one statement may delete from one table and insert into another. */
export function addVerb(write: Write, verb: Verb): void {
  write.work.verbs.add(verb)
  targetUse(write).verbs.add(verb)
}

/** The target stands in front of FROM or USING, and is not visible to LATERAL there. */
export function enterFrom(write: Write, elements: readonly unknown[]): void {
  const items = readFrom(write.work, write.scope, elements, write.rows)
  checkNames([write.target], items)
  write.scope.items = [write.target, ...items]
}

/** What goes into a write can't be masked on the way back, so that all of it is computed on. */
export function readSource(write: Write, body: Body): void {
  const result = readQuery(write.work, body, write.scope)
  for (const field of result.fields) compute(write.work, field, write.rows)
  addSources(write.rows, result.rows)
}

export function assign(write: Write, name: string): void {
  targetField(write.work, write.target, name)
  targetUse(write).written.add(name)
}

export function readAssignments(write: Write, targets: readonly unknown[]): void {
  for (const value of targets) {
    const target = openOnly('ResTarget', value)
    assign(write, str(target, 'name'))
    walkSubscripts(write, target)
    readValue(write, target.val)
  }
}

/** `(a, b) = (SELECT ...)`: the tree repeats the source for each column, and it is read once. */
function readValue(write: Write, value: unknown): void {
  const { tag, body } = open(value)
  const place = { work: write.work, scope: write.scope, sink: write.rows }
  if (tag !== 'MultiAssignRef') return walk(place, value)
  if (body.colno === 1) walk(place, body.source)
}

/** `column[1] = x` and `column.attribute = x` keep the rest of the column: it is read. */
export function walkSubscripts(write: Write, target: Body): void {
  const parts = list(target, 'indirection').map(open)
  if (parts.length === 0) return
  const place = { work: write.work, scope: write.scope, sink: write.rows }
  compute(write.work, targetField(write.work, write.target, str(target, 'name')), write.rows)
  for (const part of parts) {
    if (part.tag === 'String') continue
    if (part.tag !== 'A_Indices') opaque(`${part.tag} in a target column`)
    walkOptional(place, part.body, 'lidx')
    walkOptional(place, part.body, 'uidx')
  }
}

/** The columns that an INSERT without a list names. */
export function columnsOf(target: Item): readonly string[] {
  return target.relation?.columns.map((column) => column.name) ?? []
}

/** What a write reads needs the right to read: of the target as of any other relation. */
export function finishWrite(write: Write, result: Omit<WriteResult, 'rows'>): WriteResult {
  const { work, rows } = write
  if (targetUse(write).computed.size > 0 || work.uses.length > 1) work.verbs.add('read')
  return { ...result, rows }
}

function targetUse(write: Write): UseDraft {
  return write.work.uses[write.target.use!]!
}
