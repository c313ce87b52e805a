import { rename, writeFile } from 'node:fs/promises'
import * as z from 'zod'
import type { Config } from '../../config/config.ts'
import { SallyportError } from '../../errors.ts'
import { type ClassSnapshot, classesOf, classificationDrift } from '../../policy/classification.ts'
import { MEASURED, type Proposal, proposalsYaml, proposeClass } from '../../policy/classify.ts'
import type { Target } from '../../session/ports.ts'
import { sampleTables } from '../../upstream/classify_samples.ts'
import { plain } from '../api/print.ts'
import { waiting } from '../api/progress.ts'
import type { CliContext } from '../context.ts'
import { reachable } from './operator_config.ts'
import { type ReadCatalog, readCatalog } from './read_catalog.ts'

export interface ScanOptions {
  readonly config: string
  readonly database?: string
  readonly samples: number
  readonly json: boolean
}

/** Prints a section of a policy file for columns that have no class yet. Values stay in the memory of this process. */
export async function scan(context: CliContext, name: string, options: ScanOptions): Promise<number> {
  const { config, target } = await reachable(options.config, name)
  const read = await readCatalog(config, target, options.database ?? null)
  const found = await waiting(context, `looking at ${name}`, () => proposals(config, target, read, options.samples))
  const { columns, tables, unread, proposed } = found
  if (options.json) {
    context.out(`${JSON.stringify({ target: name, tables, columns, unread, measured: MEASURED, proposed }, null, 2)}\n`)
    return 0
  }
  context.out(proposalsYaml(name, proposed))
  const likely = proposed.filter(({ confidence }) => confidence === 'likely').length
  const share = Math.round((100 * MEASURED.right) / MEASURED.proposals)
  context.err(
    `${tables} tables, ${columns} columns without a class: ${proposed.length} proposals, ${likely} of them likely\n` +
      `of ${MEASURED.proposals} proposals for ${MEASURED.columns} labelled columns ${share} % were right: read each line before you commit it\n`,
  )
  for (const table of unread) context.err(`${plain(table)} could not be read: its columns go by their names alone\n`)
  return 0
}

interface Scanned {
  readonly tables: number
  readonly columns: number
  /** `schema.table` of what the admin account may not read. */
  readonly unread: readonly string[]
  readonly proposed: readonly Proposal[]
}

async function proposals(
  config: Config,
  target: Target,
  { database, catalog }: ReadCatalog,
  rows: number,
): Promise<Scanned> {
  const input = { target: target.name, database, catalog, classification: classificationOf(config) }
  const commented = new Map(
    [...catalog.relations.values()].flatMap(({ schema, name, columns }) =>
      columns.map((column) => [`${schema}\0${name}\0${column.name}`, column.classes ?? []] as const),
    ),
  )
  const unread: string[] = []
  const proposed: Proposal[] = []
  let tables = 0
  let columns = 0
  await sampleTables(
    target,
    database,
    catalog,
    ({ schema, table, columns: sampled, read }) => {
      tables++
      if (!read) unread.push(`${schema}.${table}`)
      for (const { column, type, values } of sampled) {
        const inComment = commented.get(`${schema}\0${table}\0${column}`) ?? []
        if (classesOf(input, { schema, name: table }, column, inComment).length > 0) continue
        columns++
        proposed.push(...[proposeClass({ schema, table, column, type, values }) ?? []].flat())
      }
    },
    rows,
  )
  return { tables, columns, unread, proposed }
}

function classificationOf({ masking }: Config) {
  return masking.classification ?? { columns: [], ids: new Map() }
}

export interface DriftOptions {
  readonly config: string
  readonly database?: string
  readonly snapshot: string
  readonly update: boolean
  readonly json: boolean
}

const EXIT_DRIFT = 1
const snapshotSchema = z.record(z.string(), z.array(z.string()))

/** 1: a column came without a class since the snapshot, or one has lost its class. */
export async function drift(context: CliContext, name: string, options: DriftOptions): Promise<number> {
  const { config, target } = await reachable(options.config, name)
  const { database, catalog } = await readCatalog(config, target, options.database ?? null)
  const input = { target: name, database, catalog, classification: classificationOf(config) }
  const before = options.update ? await earlier(context, options.snapshot) : await snapshotOf(context, options.snapshot)
  const { unclassified, added, lost, snapshot } = classificationDrift(input, before)
  // A column that is gone has nothing left to protect.
  const bare = lost.filter((column) => Object.hasOwn(snapshot, column))
  const gone = lost.filter((column) => !Object.hasOwn(snapshot, column))
  if (options.update) await writeSnapshot(options.snapshot, snapshot)
  if (options.json) context.out(`${JSON.stringify({ target: name, added, lost: bare, gone, unclassified }, null, 2)}\n`)
  else context.out(driftText({ added, bare, gone, unclassified }))
  return !options.update && added.length + bare.length > 0 ? EXIT_DRIFT : 0
}

function driftText(lists: Readonly<Record<'added' | 'bare' | 'gone' | 'unclassified', readonly string[]>>): string {
  const lines = (text: string, columns: readonly string[]) => columns.map((column) => `${text}: ${plain(column)}\n`)
  const counted = `${lists.unclassified.length} columns without a class, ${lists.added.length} of them new\n`
  return [
    ...lines('new, without a class', lists.added),
    ...lines('has lost its class', lists.bare),
    ...lines('gone, had a class', lists.gone),
    counted,
  ].join('')
}

async function snapshotOf({ read }: CliContext, path: string): Promise<ClassSnapshot> {
  const text = await read(path)
  try {
    return snapshotSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new SallyportError('SP-INPUT', `${path} is no snapshot of classes: make one with --update`, { cause })
  }
}

/** Nothing to compare with yet is no fault where a snapshot is being made. */
async function earlier(context: CliContext, path: string): Promise<ClassSnapshot> {
  try {
    return await snapshotOf(context, path)
  } catch (error) {
    if (error instanceof SallyportError) return {}
    throw error
  }
}

/** One column a line, in order: a change of it reads well as a change of a file. */
async function writeSnapshot(path: string, snapshot: ClassSnapshot): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(snapshot).sort(([a], [b]) => (a < b ? -1 : 1)))
  const lines = Object.entries(sorted).map(([name, classes]) => `  ${JSON.stringify(name)}: ${JSON.stringify(classes)}`)
  await writeFile(`${path}.next`, `{\n${lines.join(',\n')}\n}\n`)
  await rename(`${path}.next`, path)
}
