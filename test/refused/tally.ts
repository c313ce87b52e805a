import type { Refusal } from './judge.ts'
import type { Family } from './suites.ts'

export interface Counted {
  readonly sql: string
  readonly at: string
  readonly refusal: Refusal | null
  readonly temporary: boolean
}

const EXAMPLE_CHARS = 600
const NAME_CODES = new Set(['SP-NAME', 'SP-COLUMN', 'SP-AMBIGUOUS'])

/** Statements by their text without values, each counted once: as refused where it ever was. */
export class Tally {
  readonly #family: Family
  readonly #statements = new Map<string, Counted>()

  constructor(family: Family) {
    this.#family = family
  }

  add(normalized: string, given: Counted): void {
    const counted = given.temporary ? besideTemporary(given) : given
    const known = this.#statements.get(normalized)
    if (known === undefined || rank(counted) > rank(known)) this.#statements.set(normalized, counted)
  }

  /** The figures as one object, for a line of JSON. */
  figures(): { readonly percent: number } & Readonly<Record<string, unknown>> {
    const all = [...this.#statements.values()]
    const share = (by: Refusal['by']) => all.filter(({ refusal }) => refusal?.by === by).length
    const analysis = share('analysis')
    return {
      family: this.#family,
      statements: all.length,
      refusedByAnalysis: analysis,
      percent: Number(((100 * analysis) / Math.max(1, all.length)).toFixed(2)),
      names: all.filter(({ refusal, temporary }) => refusal?.by === 'names' && !temporary).length,
      namesBesideTemporaryTables: all.filter(({ refusal, temporary }) => refusal?.by === 'names' && temporary).length,
      policy: share('policy'),
    }
  }

  /** What is refused, by reason, the most frequent first, with up to `examples` of each. */
  report(examples: number): string {
    const refused = [...this.#statements.values()].filter(({ refusal }) => refusal !== null)
    const groups = Map.groupBy(refused, ({ refusal, temporary }) => reasonOf(refusal as Refusal, temporary))
    const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length)
    const order = ['analysis', 'names', 'names beside temporary tables', 'policy']
    return order
      .flatMap((by) => sorted.filter(([reason]) => reason.startsWith(`${by}: `)))
      .map(([reason, of]) => `### ${of.length} × ${reason}\n${of.slice(0, examples).map(example).join('\n')}\n`)
      .join('\n')
  }
}

/** A temporary table may hide one of the catalog, so that a name means another thing. */
function besideTemporary(counted: Counted): Counted {
  const { refusal } = counted
  return refusal !== null && NAME_CODES.has(refusal.code)
    ? { ...counted, refusal: { ...refusal, by: 'names' } }
    : counted
}

function rank({ refusal, temporary }: Counted): number {
  if (refusal === null) return 0
  return { policy: 1, names: temporary ? 0 : 2, analysis: 3 }[refusal.by]
}

/** Groups what differs in names and in case alone. */
function reasonOf({ by, code, reason }: Refusal, temporary: boolean): string {
  const near = reason.replace(/ near .*$/s, (end) => end.toUpperCase())
  const general = near.replaceAll(/\b[\w$]+\.[\w$.]+|'[^']*'|"[^"]*"|`[^`]*`|\d+/g, '…')
  return `${by === 'names' && temporary ? 'names beside temporary tables' : by}: ${code} ${by === 'analysis' ? near : general}`
}

function example({ sql, at }: Pick<Counted, 'sql' | 'at'>): string {
  const text = sql.length > EXAMPLE_CHARS ? `${sql.slice(0, EXAMPLE_CHARS)} [...]` : sql
  return `  ${at}\n    ${text.replaceAll('\n', '\n    ')}`
}

interface Finding {
  readonly sql: string
  readonly at: string
  readonly detail: string
}

/** What an oracle found, by kind. */
export class Findings {
  looked = 0
  readonly #found = new Map<string, Finding[]>()

  add(kind: string, finding: Finding): void {
    this.#found.set(kind, [...(this.#found.get(kind) ?? []), finding])
  }

  figures(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#found].map(([kind, of]) => [kind, of.length]))
  }

  report(): string {
    return [...this.#found]
      .map(([kind, of]) => {
        const shown = of.map((finding) => `${example(finding)}\n    -- ${finding.detail}`)
        return `### ${of.length} × ${kind}\n${shown.join('\n')}\n`
      })
      .join('\n')
  }
}
