import { describe, expect, test } from 'vitest'
import { DEFINITIONS } from '../../../src/sql/postgres/definition_names.ts'
import { KNOWN_FIELDS } from '../../../src/sql/postgres/known_fields.ts'
import { nodesOf } from './grammar.ts'

/** Nodes that the server makes of a raw tree, or of none, and so no text gives. */
const MADE_BY_THE_SERVER = `
AlternativeSubPlan ArrayCoerceExpr ArrayExpr Aggref CaseTestExpr CallContext CoerceToDomain CoerceToDomainValue
CoerceViaIO CollateExpr ConvertRowtypeExpr DistinctExpr FieldSelect FieldStore FromExpr FuncExpr InferenceElem
InlineCodeBlock IntList JsonConstructorExpr JsonExpr JsonTablePath JsonTablePathScan JsonTableSiblingJoin MergeAction
NextValueExpr NullIfExpr OidList OnConflictExpr OpExpr Param ParseResult Query RTEPermissionInfo RangeTblEntry
RangeTblFunction RangeTblRef RelabelType ReturningExpr RowCompareExpr RowMarkClause ScalarArrayOpExpr ScanResult
ScanToken SetOperationStmt SortGroupClause SubPlan SubscriptingRef TableFunc TableSampleClause TargetEntry Var
WindowClause WindowFunc WindowFuncRunCondition WithCheckOption SummaryResult Table Function FilterColumn`

/** Nodes that stand in definitions alone, whose kind decides. */
const IN_DEFINITIONS = `
ATAlterConstraint AccessPriv AlterTableCmd Constraint CreateOpClassItem FunctionParameter ObjectWithArgs
PartitionBoundSpec PartitionCmd PartitionElem PartitionRangeDatum PartitionSpec PublicationObjSpec PublicationTable
ReplicaIdentityStmt ReturnStmt RoleSpec SinglePartitionSpec StatsElem TableLikeClause TriggerTransition VacuumRelation`

/** Refused by name: a row by a cursor, and an assignment of PL/pgSQL. */
const REFUSED = 'CurrentOfExpr PLAssignStmt'

/** Fields that the server fills in, or that stand in definitions alone; where a text gives one, it is refused. */
const UNREAD: Readonly<Record<string, string>> = {
  CTECycleClause: 'cycle_mark_type cycle_mark_typmod cycle_mark_collation cycle_mark_neop',
  CallStmt: 'funcexpr outargs',
  CaseExpr: 'casetype casecollid',
  CoalesceExpr: 'coalescetype coalescecollid',
  ColumnDef:
    'compression inhcount is_not_null is_from_type storage raw_default cooked_default identity identitySequence generated collOid constraints fdwoptions storage_name',
  CommonTableExpr: 'cterecursive cterefcount ctecolnames ctecoltypes ctecoltypmods ctecolcollations',
  GroupingFunc: 'refs cols agglevelsup',
  IndexElem: 'opclassopts',
  IntoClause: 'viewQuery',
  MergeSupportFunc: 'msfcollid',
  MinMaxExpr: 'minmaxtype minmaxcollid inputcollid',
  RowExpr: 'row_typeid colnames',
  SQLValueFunction: 'type',
  SetToDefault: 'typeId typeMod collation',
  SubLink: 'subLinkId',
  TypeName: 'typeOid',
  XmlExpr: 'type typmod',
}

const words = (text: string) => text.trim().split(/\s+/)

describe.each([15, 16, 17, 18])('the grammar of %i', (major) => {
  const nodes = nodesOf(major)

  test('has no node without a decision', () => {
    const decided = new Set([...KNOWN_FIELDS.keys(), ...DEFINITIONS.keys()])
    for (const list of [MADE_BY_THE_SERVER, IN_DEFINITIONS, REFUSED]) for (const node of words(list)) decided.add(node)
    expect([...nodes.keys()].filter((node) => !decided.has(node))).toEqual([])
  })

  test('has no field without a decision', () => {
    const open = [...nodes].flatMap(([node, fields]) => {
      const known = KNOWN_FIELDS.get(node)
      const decided = new Set(['xpr', ...words(UNREAD[node] ?? ''), ...(known ?? fields)])
      return fields.filter((field) => !decided.has(field)).map((field) => `${node}.${field}`)
    })
    expect(open).toEqual([])
  })
})

test('nothing is known that no grammar has', () => {
  const grammars = [15, 16, 17, 18].map(nodesOf)
  const fields = [...KNOWN_FIELDS].flatMap(([node, known]) =>
    [...known]
      .filter((field) => field !== '' && !grammars.some((grammar) => grammar.get(node)?.includes(field)))
      .map((field) => `${node}.${field}`),
  )
  expect(fields).toEqual([])
  const known = (node: string) => grammars.some((grammar) => grammar.has(node))
  expect([...KNOWN_FIELDS.keys(), ...DEFINITIONS.keys()].filter((node) => !known(node))).toEqual([])
})
