import { type Random, randomOf } from './random.ts'

/**
 * Random statements over the yard of `test/corpus/postgres/yard.ts`, most of which the server takes: what the answers
 * of twins have in common is judged elsewhere. The same seed gives the same statements.
 */

interface Source {
  readonly from: string
  readonly alias: string
  readonly texts: readonly string[]
  readonly numbers: readonly string[]
}

const DEPTH_MAX = 3

const TABLES: readonly Omit<Source, 'alias'>[] = [
  {
    from: 'yard.crew',
    texts: ['name', 'port', 'email', 'phone', 'email_upper', 'notes::text'],
    numbers: ['id', 'pay'],
  },
  { from: 'ONLY yard.crew', texts: ['email', 'born::text', 'phone'], numbers: ['id', 'pay'] },
  { from: 'yard.masters', texts: ['name', 'email', 'phone'], numbers: ['id', 'rank', 'pay'] },
  { from: 'yard.accounts', texts: ['label', 'pin', 'mail'], numbers: ['id'] },
  { from: 'yard.memos', texts: ['title', 'body'], numbers: ['id'] },
  { from: 'yard.tills', texts: ['name', 'code'], numbers: ['id', 'slot', 'amount', 'rate', 'total'] },
  { from: 'yard.cards', texts: ['number', 'paid_on::text'], numbers: ['id'] },
  { from: 'yard.cards_old', texts: ['number'], numbers: ['id'] },
  { from: 'yard.slips', texts: ['region', 'label', 'doc'], numbers: ['id', 'depth'] },
  { from: 'yard.jobs', texts: ['title'], numbers: ['id', 'crew_id', 'price'] },
  { from: 'yard.contacts', texts: ['name', 'contact'], numbers: ['id', 'size'] },
  { from: 'yard.kept_contacts', texts: ['reach'], numbers: ['id', 'size'] },
  { from: 'yard.job_list', texts: ['title', 'name', 'phone'], numbers: ['id'] },
]

const GUESSES = [
  'canary-a-001@yard.test',
  'CANARY-PIN-A-1',
  'CANARY-MEMO-A ',
  'CANARY-TILL-A-2',
  'CANARY-A',
  'north',
  'z',
]

/** Texts without an end; each may be run as it is. */
export function* randomStatements(seed: number): Generator<string, never> {
  const maker = new Maker(randomOf(seed))
  for (;;) yield maker.statement()
}

/** Writes that draw from any query, to be rolled back by whoever runs them. */
export function* randomWrites(seed: number): Generator<string, never> {
  const maker = new Maker(randomOf(seed))
  for (;;) yield maker.write()
}

class Maker {
  readonly #random: Random
  #names = 0

  constructor(random: Random) {
    this.#random = random
  }

  statement(): string {
    this.#names = 0
    const roll = this.#random(12)
    if (roll === 0) return `EXPLAIN (COSTS ${this.#pick(['ON', 'OFF'])}) ${this.#query(1)}`
    if (roll === 1) return `${this.#query(1)} ${this.#pick(['UNION', 'EXCEPT', 'INTERSECT ALL'])} ${this.#query(1)}`
    if (roll === 2) return this.#withQuery()
    return this.#query(0)
  }

  write(): string {
    this.#names = 0
    const table = (name: string) => ({ ...(TABLES.find(({ from }) => from === name) as Source), alias: 'd' })
    const from = `(${this.#query(1)}) AS s`
    const one = `(SELECT max(t) AS t, n FROM ${from} GROUP BY n) AS s`
    return this.#pick<() => string>([
      () =>
        `INSERT INTO yard.drafts (id, label) SELECT 100 + row_number() OVER (ORDER BY t, n), coalesce(t, '-') FROM ${from} RETURNING id, label`,
      () =>
        `INSERT INTO yard.drafts (id, label) SELECT 1, coalesce(max(t), '-') FROM ${from} ON CONFLICT (id) DO UPDATE SET label = excluded.label || drafts.label`,
      () =>
        `UPDATE yard.memos AS d SET title = coalesce((SELECT max(t) FROM ${from}), '-') WHERE ${this.#condition([table('yard.memos')], 1)} RETURNING id`,
      () => `UPDATE yard.accounts AS d SET label = coalesce(s.t, '-') FROM ${one} WHERE d.id = s.n RETURNING d.*`,
      () =>
        `UPDATE yard.slips AS d SET depth = d.depth + 1 WHERE ${this.#condition([table('yard.slips')], 1)} RETURNING id`,
      () => `DELETE FROM yard.slips AS d WHERE ${this.#condition([table('yard.slips')], 2)}`,
      () => `DELETE FROM yard.accounts AS d USING ${one} WHERE d.id = s.n AND s.t < '${this.#pick(GUESSES)}'`,
      () =>
        `MERGE INTO yard.drafts AS d USING ${one} ON d.id = s.n WHEN MATCHED AND s.t > 'a' THEN UPDATE SET label = s.t WHEN MATCHED THEN DELETE`,
      () =>
        `WITH s AS (${this.#query(1)}), w AS (INSERT INTO yard.memos (id, title) SELECT 500, coalesce(max(t), '-') FROM s RETURNING *) SELECT id, title, body FROM w`,
    ])()
  }

  /** Every query gives one text and one number, so that any two make a set operation. */
  #query(depth: number): string {
    const sources = this.#sources(depth)
    const where = this.#maybe(2) ? ` WHERE ${this.#condition(sources, depth)}` : ''
    const from = `FROM ${sources.map(({ from }) => from).join(', ')}${where}`
    if (this.#maybe(4)) return this.#grouped(sources, from, depth)
    const distinct = this.#maybe(5) ? 'DISTINCT ' : ''
    const ordered = depth === 0 && this.#maybe(3) ? ` ORDER BY 1, 2 LIMIT ${1 + this.#random(9)}` : ''
    return `SELECT ${distinct}${this.#text(sources, depth)} AS t, ${this.#number(sources, depth)} AS n ${from}${ordered}`
  }

  #grouped(sources: readonly Source[], from: string, depth: number): string {
    const text = this.#text(sources, depth + 1)
    const having = this.#maybe(3) ? ` HAVING max(${this.#text(sources, DEPTH_MAX)}) > '${this.#pick(GUESSES)}'` : ''
    const number = `${this.#pick(['count', 'count', 'max', 'sum'])}(${this.#number(sources, DEPTH_MAX)})`
    const group = this.#pick([
      'GROUP BY 1',
      `GROUP BY ${text}`,
      'GROUP BY ROLLUP (1)',
      `GROUP BY GROUPING SETS ((${text}), ())`,
    ])
    return group.includes('1)')
      ? `SELECT ${text} AS t, ${number} AS n ${from} GROUP BY 1${having}`
      : `SELECT ${text} AS t, ${number} AS n ${from} ${group}${having}`
  }

  #withQuery(): string {
    const name = `w${++this.#names}`
    const materialized = this.#pick(['', 'MATERIALIZED ', 'NOT MATERIALIZED '])
    const source = { from: name, alias: name, texts: ['t'], numbers: ['n'] }
    const where = this.#maybe(2) ? ` WHERE ${this.#condition([source], 1)}` : ''
    return `WITH ${name} AS ${materialized}(${this.#query(1)}) SELECT ${this.#text([source], 1)}, ${this.#number([source], 1)} FROM ${name}${where}`
  }

  #sources(depth: number): readonly Source[] {
    const first = this.#source(depth)
    if (!this.#maybe(3)) return [first]
    const second = this.#source(depth)
    if (this.#maybe(2)) return [first, second]
    const join = this.#pick(['JOIN', 'LEFT JOIN', 'FULL JOIN'])
    const on =
      join === 'FULL JOIN'
        ? `${first.alias}.${bare(first.numbers)} = ${second.alias}.${bare(second.numbers)}`
        : this.#condition([first, second], DEPTH_MAX)
    return [
      { ...first, from: `${first.from} ${join} ${second.from} ON ${on}` },
      { ...second, from: 'generate_series(1, 1)' },
    ]
  }

  #source(depth: number): Source {
    const alias = `x${++this.#names}`
    if (depth < DEPTH_MAX && this.#maybe(5))
      return { from: `(${this.#query(depth + 1)}) AS ${alias}`, alias, texts: ['t'], numbers: ['n'] }
    const table = this.#pick(TABLES)
    return { ...table, from: `${table.from} AS ${alias}`, alias }
  }

  #column(source: Source, kind: 'texts' | 'numbers'): string {
    return `${source.alias}.${this.#pick(source[kind])}`
  }

  #text(sources: readonly Source[], depth: number): string {
    const source = this.#pick(sources)
    const column = this.#column(source, 'texts')
    if (depth >= DEPTH_MAX || this.#maybe(2)) return column
    const inner = () => this.#text(sources, depth + 1)
    return this.#pick<() => string>([
      () => `lower(${inner()})`,
      () => `(${inner()} || ${inner()})`,
      () => `substr(${inner()}, ${1 + this.#random(20)}, 3)`,
      () => `coalesce(${inner()}, '-')`,
      () => `nullif(${inner()}, '${this.#pick(GUESSES)}')`,
      () => `CASE WHEN ${this.#condition(sources, depth + 1)} THEN ${inner()} ELSE 'x' END`,
      () => `(SELECT max(t) FROM (${this.#query(depth + 2)}) AS q${++this.#names})`,
      () => `(${source.alias})::text`,
      () => `to_jsonb(${source.alias})::text`,
      () => `(ARRAY[${inner()}, ${inner()}])[${1 + this.#random(3)}]`,
      () => `md5(${inner()})`,
      () => `max(${inner()}) OVER (ORDER BY ${this.#number(sources, DEPTH_MAX)}, ${inner()})`,
    ])()
  }

  #number(sources: readonly Source[], depth: number): string {
    const column = this.#column(this.#pick(sources), 'numbers')
    if (depth >= DEPTH_MAX || this.#maybe(2)) return `${column}::numeric`
    return this.#pick<() => string>([
      () => `length(${this.#text(sources, depth + 1)})::numeric`,
      () => `(${this.#number(sources, depth + 1)} + ${this.#random(5)})`,
      () => `(100 / nullif(${this.#number(sources, depth + 1)}, 0))`,
      () => `(1 / (${this.#number(sources, depth + 1)} - ${this.#random(12)}))`,
      () => `strpos(${this.#text(sources, depth + 1)}, '${this.#pick(GUESSES)}')::numeric`,
      () => `CASE WHEN ${this.#condition(sources, depth + 1)} THEN 1 ELSE 0 END::numeric`,
      () => `substr(${this.#text(sources, DEPTH_MAX)}, 12, 1)::numeric`,
    ])()
  }

  #condition(sources: readonly Source[], depth: number): string {
    const text = () => this.#text(sources, depth + 1)
    const guess = () => `'${this.#pick(GUESSES)}'`
    if (depth >= DEPTH_MAX) return `${this.#column(this.#pick(sources), 'texts')} >= ${guess()}`
    return this.#pick<() => string>([
      () => `${text()} = ${guess()}`,
      () => `${text()} LIKE ${guess()} || '%'`,
      () => `${text()} ${this.#pick(['<', '>', '<>', 'IS DISTINCT FROM', '~'])} ${guess()}`,
      () => `${text()} IN (${guess()}, ${guess()})`,
      () => `${text()} IN (SELECT t FROM (${this.#query(depth + 2)}) AS q${++this.#names})`,
      () => `EXISTS (${this.#query(depth + 2)})`,
      () => `(${text()}, ${this.#number(sources, depth + 1)}) > (${guess()}, 2)`,
      () => `${this.#number(sources, depth + 1)} > ${this.#random(100)}`,
      () => `NOT (${this.#condition(sources, depth + 1)})`,
      () =>
        `(${this.#condition(sources, depth + 1)} ${this.#pick(['AND', 'OR'])} ${this.#condition(sources, depth + 1)})`,
      () => `${this.#pick(sources).alias} IS NOT NULL`,
      () => `${text()} IS NULL`,
    ])()
  }

  #pick<T>(all: readonly T[]): T {
    return all[this.#random(all.length)] as T
  }

  /** True once in `times`. */
  #maybe(times: number): boolean {
    return this.#random(times) === 0
  }
}

function bare(numbers: readonly string[]): string {
  return numbers[0] as string
}
