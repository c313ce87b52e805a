import { type Random, randomOf } from './random.ts'

/**
 * Random statements over the yard of `test/corpus/mysql/yard.ts`, most of which the servers take: what the answers of
 * twins have in common is judged elsewhere. The same seed gives the same statements.
 */

interface Source {
  readonly from: string
  readonly alias: string
  readonly texts: readonly string[]
  readonly numbers: readonly string[]
}

const DEPTH_MAX = 3

const TABLES: readonly Omit<Source, 'alias'>[] = [
  { from: 'crew', texts: ['name', 'port', 'email', 'phone', 'email_upper', 'notes', 'born'], numbers: ['id', 'pay'] },
  { from: 'accounts', texts: ['label', 'pin', 'mail'], numbers: ['id'] },
  { from: 'memos', texts: ['title', 'body'], numbers: ['id'] },
  { from: 'tills', texts: ['name', 'code'], numbers: ['id', 'slot', 'amount', 'rate', 'total'] },
  { from: 'cards', texts: ['number', 'paid_on'], numbers: ['id'] },
  { from: 'cards PARTITION (old)', texts: ['number'], numbers: ['id'] },
  { from: 'shelves', texts: ['label'], numbers: ['id', 'code'] },
  { from: 'slips', texts: ['region', 'label', 'doc'], numbers: ['id', 'depth'] },
  { from: 'jobs', texts: ['title'], numbers: ['id', 'crew_id', 'price'] },
  { from: 'sorts', texts: ['b', 'e', 's', 'dt', 't'], numbers: ['id', 'f', 'bi', 'y', 'bt', 'yes'] },
  { from: 'contacts', texts: ['name', 'contact'], numbers: ['id', 'size'] },
  { from: 'job_list', texts: ['title', 'name', 'phone'], numbers: ['id'] },
]

const GUESSES = [
  'canary-a-001@yard.test',
  'CANARY-PIN-A-1',
  'canary-memo-a',
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
    if (roll === 0) return `EXPLAIN ${this.#query(1)}`
    if (roll === 1)
      return `${this.#query(1)} ${this.#pick(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'])} ${this.#query(1)}`
    if (roll === 2) return this.#withQuery()
    if (roll === 3) return `SELECT max(@v${this.#random(9)} := t) FROM (${this.#query(1)}) AS s`
    return this.#query(0)
  }

  write(): string {
    this.#names = 0
    const table = (name: string) => ({ ...(TABLES.find(({ from }) => from === name) as Source), alias: name })
    const from = `(${this.#query(1)}) AS s`
    const one = `(SELECT left(max(t), 80) AS t, n FROM ${from} GROUP BY n) AS o`
    const where = (name: string) => this.#condition([table(name)], 1)
    return this.#pick<() => string>([
      () => `INSERT INTO drafts (id, label) SELECT 100 + count(*), coalesce(left(max(t), 80), '-') FROM ${from}`,
      () =>
        `INSERT INTO drafts (id, label) SELECT 1, coalesce(max(t), '-') FROM ${from} ON DUPLICATE KEY UPDATE label = concat(drafts.label, '+')`,
      () =>
        `INSERT IGNORE INTO drafts (id, label) SELECT n, left(t, 80) FROM ${one} WHERE n IS NOT NULL AND t IS NOT NULL`,
      () => `REPLACE INTO drafts (id, label) SELECT 2, coalesce(left(min(t), 80), '-') FROM ${from}`,
      () => `UPDATE memos SET title = coalesce((SELECT left(max(t), 80) FROM ${from}), '-') WHERE ${where('memos')}`,
      () => `UPDATE accounts SET label = 'x' WHERE ${where('accounts')}`,
      () => `UPDATE accounts AS d JOIN ${one} ON d.id = o.n SET d.label = coalesce(o.t, '-')`,
      () => `UPDATE slips SET depth = depth + 1 WHERE ${where('slips')}`,
      () => `DELETE FROM slips WHERE ${where('slips')}`,
      () => `DELETE d FROM accounts AS d JOIN ${one} ON d.id = o.n WHERE o.t < '${this.#pick(GUESSES)}'`,
      () => `DELETE FROM drafts WHERE label IN (SELECT t FROM ${from}) ORDER BY id LIMIT 1`,
    ])()
  }

  /** Every query gives one text and one number, so that any two make a set operation. */
  #query(depth: number): string {
    const sources = this.#sources(depth)
    const where = this.#maybe(2) ? ` WHERE ${this.#condition(sources, depth)}` : ''
    const from = `FROM ${sources.map(({ from }) => from).join(', ')}${where}`
    if (this.#maybe(4)) return this.#grouped(sources, from)
    const distinct = this.#maybe(5) ? 'DISTINCT ' : ''
    const ordered = depth === 0 && this.#maybe(3) ? ` ORDER BY 1, 2 LIMIT ${1 + this.#random(9)}` : ''
    return `SELECT ${distinct}${this.#text(sources, depth)} AS t, ${this.#number(sources, depth)} AS n ${from}${ordered}`
  }

  #grouped(sources: readonly Source[], from: string): string {
    const having = this.#maybe(3) ? ` HAVING max(${this.#text(sources, DEPTH_MAX)}) > '${this.#pick(GUESSES)}'` : ''
    const number = `${this.#pick(['count', 'max', 'sum', 'count(DISTINCT'])}(${this.#number(sources, DEPTH_MAX)})`
    const closed = number.startsWith('count(DISTINCT') ? `${number})` : number
    const rollup = this.#maybe(4) ? ' WITH ROLLUP' : ''
    const text = this.#text(sources, DEPTH_MAX)
    return `SELECT ${text} AS t, ${closed} AS n ${from} GROUP BY ${text}${rollup}${having}`
  }

  #withQuery(): string {
    const name = this.#pick(['w', 'drafts', 'accounts'])
    const source = { from: name, alias: name, texts: ['t'], numbers: ['n'] }
    const where = this.#maybe(2) ? ` WHERE ${this.#condition([source], DEPTH_MAX)}` : ''
    return `WITH ${name} AS (${this.#query(1)}) SELECT ${this.#text([source], DEPTH_MAX)}, ${this.#number([source], DEPTH_MAX)} FROM ${name}${where}`
  }

  #sources(depth: number): readonly Source[] {
    const first = this.#source(depth)
    if (!this.#maybe(3)) return [first]
    const second = this.#source(depth)
    if (this.#maybe(3)) return [first, second]
    const join = this.#pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'STRAIGHT_JOIN'])
    const on = this.#condition([first, second], DEPTH_MAX)
    return [
      { ...first, from: `${first.from} ${join} ${second.from} ON ${on}` },
      { ...second, from: '(SELECT 1 AS one) AS one' },
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
    const column = this.#column(this.#pick(sources), 'texts')
    if (depth >= DEPTH_MAX || this.#maybe(2)) return column
    const inner = () => this.#text(sources, depth + 1)
    return this.#pick<() => string>([
      () => `lower(${inner()})`,
      () => `concat(${inner()}, ${inner()})`,
      () => `substr(${inner()}, ${1 + this.#random(20)}, 3)`,
      () => `coalesce(${inner()}, '-')`,
      () => `nullif(${inner()}, '${this.#pick(GUESSES)}')`,
      () => `CASE WHEN ${this.#condition(sources, depth + 1)} THEN ${inner()} ELSE 'x' END`,
      () => `(SELECT max(t) FROM (${this.#query(depth + 2)}) AS q${++this.#names})`,
      () => `json_extract(json_array(${inner()}, 1), '$[${this.#random(2)}]')`,
      () => `sha2(${inner()}, 256)`,
      () => `hex(${inner()})`,
      () => `if(${this.#condition(sources, depth + 1)}, ${inner()}, (SELECT 1 UNION SELECT ${this.#random(3)}))`,
    ])()
  }

  #number(sources: readonly Source[], depth: number): string {
    const column = this.#column(this.#pick(sources), 'numbers')
    if (depth >= DEPTH_MAX || this.#maybe(2)) return column
    return this.#pick<() => string>([
      () => `length(${this.#text(sources, depth + 1)})`,
      () => `(${this.#number(sources, depth + 1)} + ${this.#random(5)})`,
      () => `(100 / ${this.#number(sources, depth + 1)})`,
      () => `exp(${this.#number(sources, depth + 1)})`,
      () => `instr(${this.#text(sources, depth + 1)}, '${this.#pick(GUESSES)}')`,
      () => `(${this.#condition(sources, depth + 1)})`,
      () => `crc32(${this.#text(sources, DEPTH_MAX)})`,
    ])()
  }

  #condition(sources: readonly Source[], depth: number): string {
    const text = () => this.#text(sources, depth + 1)
    const guess = () => `'${this.#pick(GUESSES)}'`
    if (depth >= DEPTH_MAX) {
      const [first, second] = [this.#pick(sources), this.#pick(sources)]
      if (this.#maybe(2)) return `${this.#column(first, 'texts')} >= ${guess()}`
      return `${this.#column(first, 'numbers')} = ${this.#column(second, 'numbers')}`
    }
    return this.#pick<() => string>([
      () => `${text()} = ${guess()}`,
      () => `${text()} LIKE concat(${guess()}, '%')`,
      () => `${text()} ${this.#pick(['<', '>', '<>', '<=>', 'REGEXP'])} ${guess()}`,
      () => `${text()} IN (${guess()}, ${guess()})`,
      () => `${text()} IN (SELECT t FROM (${this.#query(depth + 2)}) AS q${++this.#names})`,
      () => `EXISTS (${this.#query(depth + 2)})`,
      () => `(${text()}, ${this.#number(sources, depth + 1)}) > (${guess()}, 2)`,
      () => `${this.#number(sources, depth + 1)} > ${this.#random(100)}`,
      () => `NOT (${this.#condition(sources, depth + 1)})`,
      () =>
        `(${this.#condition(sources, depth + 1)} ${this.#pick(['AND', 'OR', 'XOR'])} ${this.#condition(sources, depth + 1)})`,
      () =>
        `${this.#number(sources, DEPTH_MAX)} <= ALL (SELECT n FROM (${this.#query(depth + 2)}) AS q${++this.#names})`,
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
