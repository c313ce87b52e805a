import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contradiction } from './described.ts'
import { type Judged, judge } from './judge.ts'
import { PrivilegeProbe } from './privileges.ts'
import { interference, type Outcome, rewrittenDifference } from './rewritten.ts'
import type { Scratch } from './scratch.ts'
import type { Family } from './suites.ts'
import { Findings, Tally } from './tally.ts'
import type { Candidate, Then } from './walk.ts'

/** The server doesn't know the words: ER_PARSE_ERROR, ER_EMPTY_QUERY, ER_SYNTAX_ERROR. */
const NOT_SQL = new Set([1064, 1065, 1149])
/** Modes with another grammar, which the analysis leaves alone on purpose. */
const FOREIGN_MODES = ['ORACLE', 'MSSQL', 'DB2', 'POSTGRESQL', 'MAXDB']

const REFUSED_PERCENT_MAX = 1

export interface Wanted {
  /** Ask the server's description and its privileges whether the facts hold. */
  readonly prove: boolean
  /** Compare the answers of statements whose tables are replaced by subqueries. */
  readonly rewrite: boolean
}

/** What one run over a suite finds. */
export class Measurement {
  readonly tally: Tally
  readonly missed = new Findings()
  readonly rewritten = new Findings()
  readonly interfering = new Findings()
  readonly #wanted: Wanted
  readonly #proven = new Set<string>()
  #scratch: Scratch
  #probe: PrivilegeProbe | null = null

  private constructor(family: Family, scratch: Scratch, wanted: Wanted) {
    this.tally = new Tally(family)
    this.#scratch = scratch
    this.#wanted = wanted
  }

  static async open(family: Family, scratch: Scratch, wanted: Wanted): Promise<Measurement> {
    const measurement = new Measurement(family, scratch, wanted)
    await measurement.moveTo(scratch)
    return measurement
  }

  /** What was found stays; a statement may have ended the server that it was found on. */
  async moveTo(scratch: Scratch): Promise<void> {
    this.close()
    this.#scratch = scratch
    this.#probe = this.#wanted.prove ? await PrivilegeProbe.open(scratch.admin, scratch.server) : null
  }

  close(): void {
    this.#probe?.close()
  }

  /** Judged before the statement is run, counted once it is known whether the server takes it. */
  async look(candidate: Candidate): Promise<Then | null> {
    const { sql, state, at, temporary, described } = candidate
    if (FOREIGN_MODES.some((mode) => state.sqlMode.has(mode)) || NOT_SQL.has(described.error?.errno ?? 0)) return null
    const judged = await judge(sql, await this.#scratch.catalog(), state)
    if (judged === null) return null
    const { refusal, statement } = judged
    const first = statement.opaque === null && !this.#proven.has(statement.normalized)
    if (first && !temporary) await this.#prove(candidate, judged)
    return async (answer) => {
      if (answer?.error !== null && described.error !== null) return
      this.tally.add(statement.normalized, { sql, at, refusal, temporary })
      if (!first) return
      this.#proven.add(statement.normalized)
      if (this.#wanted.rewrite && answer !== null && !temporary) await this.#compare(candidate, judged, answer)
    }
  }

  async #prove({ sql, at, state, described }: Candidate, judged: Judged): Promise<void> {
    if (this.#probe === null || described.error !== null) return
    const { statement, context } = judged
    this.missed.looked++
    const wrong = contradiction(statement, described.fields, context.catalog)
    if (wrong !== null) this.missed.add(wrong.kind, { sql, at, detail: wrong.detail })
    const denied = await this.#probe.denied(sql, statement, state)
    if (denied !== null) this.missed.add('denied by the server', { sql, at, detail: denied.message })
  }

  async #compare({ sql, at }: Candidate, judged: Judged, answer: Parameters<Then>[0] & object): Promise<void> {
    this.#count(this.rewritten, { sql, at }, await rewrittenDifference(judged, answer, this.#scratch))
    for (const outcome of await interference(judged, answer, this.#scratch)) {
      this.#count(this.interfering, { sql, at }, outcome)
    }
  }

  #count(findings: Findings, { sql, at }: Pick<Candidate, 'sql' | 'at'>, outcome: Outcome): void {
    if (outcome === null) return
    findings.looked++
    if (outcome === 'same') return
    const { what, detail, text } = outcome
    findings.add(what, { sql: text === '' ? sql : `${sql}\n=> ${text}`, at, detail })
  }

  /** Few refusals by the analysis, nothing that it missed, and nothing that shows through what is hidden. */
  get isSound(): boolean {
    const { percent } = this.tally.figures()
    const { 'named otherwise': _, ...missed } = this.missed.figures()
    return percent < REFUSED_PERCENT_MAX && Object.keys(missed).length === 0 && !('rows' in this.interfering.figures())
  }

  figures(): string {
    const { prove, rewrite } = this.#wanted
    return JSON.stringify({
      ...this.tally.figures(),
      ...(prove ? { proven: this.missed.looked, missed: this.missed.figures() } : {}),
      ...(rewrite
        ? {
            rewritten: this.rewritten.looked,
            different: this.rewritten.figures(),
            hidden: this.interfering.looked,
            interfering: this.interfering.figures(),
          }
        : {}),
    })
  }

  /** Everything found, as files of a folder, or to the terminal. */
  publish(family: Family, examples: number, folder: string | undefined): void {
    const figures = this.figures()
    const reports = {
      refused: this.tally.report(examples),
      missed: this.missed.report(),
      rewritten: this.rewritten.report(),
      interfering: this.interfering.report(),
    }
    console.log(figures)
    if (folder !== undefined) mkdirSync(folder, { recursive: true })
    for (const [name, report] of Object.entries(reports)) {
      if (folder === undefined) console.log(report)
      else if (report !== '') writeFileSync(join(folder, `${name}.${family}.txt`), `${figures}\n\n${report}`)
    }
  }
}
