import { writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import * as yaml from 'yaml'
import { chooseRule } from '../../access/approval_rules.ts'
import { factsOf } from '../../access/requests.ts'
import { checkParameters } from '../../access/validate.ts'
import { unseen } from '../../compose/questions_part.ts'
import { accessPolicyOf } from '../../config/build_access.ts'
import type { Config } from '../../config/config.ts'
import { asSallyportError, SallyportError } from '../../errors.ts'
import type { Identity } from '../../identity/identity.ts'
import { classesCovered } from '../../policy/classification.ts'
import type { Grant } from '../../policy/grant.ts'
import { chooseGrant } from '../../policy/grants.ts'
import { createEngines } from '../../proxy/engines.ts'
import { assumedGrant, type DryAnswer, dryRun } from '../../session/dry_run.ts'
import type { Target } from '../../session/ports.ts'
import type { Catalog } from '../../sql/catalog.ts'
import type { CliContext } from '../context.ts'
import { catalogText, inlineCatalog, parseCatalog } from './catalog_file.ts'
import { offlineConfig } from './offline_config.ts'
import { reachable, targetNamed } from './operator_config.ts'
import { jsonReport, junitReport, type Outcome, textReport } from './policy_test_report.ts'
import { type Expectation, type PolicyTestFile, policyTestSchema } from './policy_test_schema.ts'
import { readCatalog } from './read_catalog.ts'

export interface PolicyTestOptions {
  readonly config: string
  readonly json: boolean
  readonly junit?: string
}

const EXIT_FAILED = 1

/** Asks the policy of the files what each expectation says of it. 1: one is not met. Nothing is connected to. */
export async function testPolicy(context: CliContext, file: string, options: PolicyTestOptions): Promise<number> {
  const tests = parseTests(await context.read(file), file)
  const config = await offlineConfig(options.config)
  const catalogs = await catalogsOf(context, config, tests, dirname(file === '-' ? '.' : file))
  const bench: Bench = { config, catalogs, engineFor: createEngines(), now: Date.now() }
  const outcomes: Outcome[] = []
  for (const test of tests.tests) outcomes.push(await outcomeOf(bench, test))
  context.out(options.json ? jsonReport(outcomes) : textReport(outcomes))
  if (options.junit !== undefined) await writeFile(options.junit, junitReport(file, outcomes))
  return outcomes.some(({ failures }) => failures.length > 0) ? EXIT_FAILED : 0
}

function parseTests(text: string, file: string): PolicyTestFile {
  const parsed = policyTestSchema.safeParse(yamlOf(text, file))
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map(({ path, message }) => `${file}: ${path.join('/')}: ${message}`)
  throw new SallyportError('SP-INPUT', lines.join('\n'))
}

function yamlOf(text: string, file: string): unknown {
  try {
    return yaml.parse(text)
  } catch (cause) {
    throw new SallyportError('SP-INPUT', `${file} is no YAML`, { cause })
  }
}

interface Bench {
  readonly config: Config
  /** By target and database. */
  readonly catalogs: ReadonlyMap<string, Catalog>
  readonly engineFor: ReturnType<typeof createEngines>
  readonly now: number
}

function placeKey({ engine, name, defaultDatabase }: Target, database: string | undefined): string {
  return `${name}\0${engine === 'postgres' ? (database ?? defaultDatabase) : ''}`
}

async function catalogsOf(
  context: CliContext,
  config: Config,
  { catalogs }: PolicyTestFile,
  folder: string,
): Promise<ReadonlyMap<string, Catalog>> {
  const found = new Map<string, Catalog>()
  for (const { target: name, database, file, tables, version, searchPath } of catalogs) {
    const target = targetNamed(config, name)
    const path = file === undefined ? null : resolve(folder, file)
    const catalog =
      path === null
        ? inlineCatalog(target.engine, database ?? target.defaultDatabase, {
            tables: tables ?? [],
            version,
            searchPath,
          })
        : parseCatalog(await context.read(path), path).catalog
    if ((catalog.dialect === 'postgres') !== (target.engine === 'postgres')) {
      throw new SallyportError('SP-INPUT', `the catalog of ${name} is one of ${catalog.dialect}`)
    }
    found.set(placeKey(target, database), catalog)
  }
  return found
}

async function outcomeOf(bench: Bench, test: Expectation): Promise<Outcome> {
  const name = test.name ?? test.statement ?? `${test.role} on ${test.target}`
  try {
    const failures = [...(await statementFailures(bench, test)), ...approvalFailures(bench, test)]
    return { name, person: test.person, target: test.target, failures }
  } catch (error) {
    const { code, detail } = asSallyportError(error)
    return { name, person: test.person, target: test.target, failures: [`${code}: ${detail}`] }
  }
}

async function statementFailures(bench: Bench, test: Expectation): Promise<readonly string[]> {
  if (test.statement === undefined) return []
  const answer = await answerTo(bench, test, test.statement)
  const told = answer.allowed ? 'allowed' : `denied, ${answer.code}: ${answer.reason}`
  const { expect } = test
  const wanted = typeof expect === 'object' ? `denied, ${expect.denied}` : expect
  const right = typeof expect === 'object' ? answer.code === expect.denied : answer.allowed === (expect === 'allowed')
  if (!right) return [`expected ${wanted}; it is ${told}`]
  return answer.allowed ? [...columnFailures(test, answer), ...rewrittenFailures(test, answer)] : []
}

function columnFailures({ columns }: Expectation, { fields }: DryAnswer): readonly string[] {
  return Object.entries(columns).flatMap(([name, wanted]) => {
    const found = fields.filter((field) => field.name === name)
    if (found.length === 0)
      return [`the result has no field ${name}; it has ${fields.map((one) => one.name).join(', ')}`]
    return found
      .filter(({ seen }) => seen !== wanted)
      .map(
        ({ seen, strategy }) =>
          `${name}: expected ${wanted}; it is ${seen}${strategy === null ? '' : ` (${strategy})`}`,
      )
  })
}

function rewrittenFailures({ rewritten }: Expectation, { sent }: DryAnswer): readonly string[] {
  const parts = rewritten === undefined ? [] : [rewritten].flat()
  return parts.filter((part) => !sent?.includes(part)).map((part) => `expected ${part} in what is sent: ${sent}`)
}

async function answerTo(
  { config, catalogs, engineFor, now }: Bench,
  test: Expectation,
  text: string,
): Promise<DryAnswer> {
  const target = targetNamed(config, test.target)
  const catalog = catalogs.get(placeKey(target, test.database))
  if (catalog === undefined) throw new SallyportError('SP-INPUT', `the file has no catalog for ${test.target}`)
  const at = test.at === undefined ? now : Date.parse(test.at)
  const identity = identityOf(config, test)
  const grant = grantOf(config, identity, target, test, at)
  if (grant instanceof SallyportError) return refused(grant)
  return dryRun({
    ...{ identity, grant, target, catalog, text, now: at, refusal: null, planDone: 0 },
    database: target.engine === 'postgres' ? (test.database ?? target.defaultDatabase) : '',
    engine: await engineFor(catalog),
    role: config.roles.get(grant.role),
    masking: config.masking,
    limited: config.dynamicAccounts.has(target.name),
    defaultDatabase: target.engine === 'mysql' ? (test.database ?? (target.defaultDatabase || null)) : null,
  })
}

function refused({ code, detail }: SallyportError): DryAnswer {
  return { allowed: false, code, reason: detail, sent: null, columns: [], fields: [], limits: null, facts: null }
}

function identityOf({ oidc }: Config, { person, groups }: Expectation): Identity {
  const byFile = oidc.groups.get(person.toLowerCase()) ?? []
  return unseen(oidc.issuer, person, [...new Set([...groups, ...byFile])])
}

/** That there is none is an answer: the login would be refused with it. */
function grantOf(
  config: Config,
  identity: Identity,
  target: Target,
  { role: name, grant: id, parameters }: Expectation,
  now: number,
): Grant | SallyportError {
  if (name !== undefined) {
    const role = config.roles.get(name)
    if (role === undefined) throw new SallyportError('SP-INPUT', `there is no role ${name}`)
    checkParameters(role, parameters)
    return assumedGrant({ identity, target: target.name, role: name, now }, parameters)
  }
  try {
    return chooseGrant(identity, { version: 0, grants: config.grants }, target.name, id ?? null, now)
  } catch (error) {
    return asSallyportError(error)
  }
}

function approvalFailures({ config, catalogs, now }: Bench, test: Expectation): readonly string[] {
  if (test.approval === undefined) return []
  const target = targetNamed(config, test.target)
  const role = config.roles.get(test.role ?? '')
  if (role === undefined) return [`there is no role ${test.role}`]
  const catalog = catalogs.get(placeKey(target, test.database))
  const database = target.engine === 'postgres' ? (test.database ?? target.defaultDatabase) : ''
  const classes = config.masking.classification ?? { columns: [], ids: new Map() }
  // Without a catalog the classes are not known, as where the database can't be reached.
  const classification =
    catalog === undefined
      ? null
      : classesCovered({ target: target.name, database, role, catalog, classification: classes })
  const durationMs = test.duration === undefined ? role.asking.defaultDurationMs : test.duration * MS_PER_MINUTE
  const wish = { kind: 'standard', narrowing: null, risks: [], durationMs } as const
  const at = test.at === undefined ? now : Date.parse(test.at)
  const facts = factsOf({ person: identityOf(config, test), classification }, role, target, wish, at)
  const decides = decidedBy(() => chooseRule(accessPolicyOf(config).rules, role, facts))
  const met = test.approval === decides.name || (test.approval === 'auto' && decides.auto)
  return met ? [] : [`expected approval by ${test.approval}; it is ${decides.name}${decides.auto ? ' (auto)' : ''}`]
}

const MS_PER_MINUTE = 60_000

function decidedBy(choose: () => ReturnType<typeof chooseRule>): { readonly name: string; readonly auto: boolean } {
  try {
    const { rule, stages } = choose()
    return { name: rule.name, auto: stages.length === 0 }
  } catch (error) {
    if (error instanceof SallyportError && error.code === 'SP-NO-RULE') return { name: 'none', auto: false }
    throw error
  }
}

export interface CatalogOptions {
  readonly config: string
  readonly database?: string
  readonly out: string
}

/** Writes what the analysis knows of a database, for tests away from it. */
export async function writeCatalog(context: CliContext, name: string, options: CatalogOptions): Promise<number> {
  const { config, target } = await reachable(options.config, name)
  const { database, catalog } = await readCatalog(config, target, options.database ?? null)
  await writeFile(options.out, catalogText({ target: name, database, catalog }))
  context.out(`${options.out}: ${new Set(catalog.relations.values()).size} relations, digest ${catalog.digest}\n`)
  return 0
}
