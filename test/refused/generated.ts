import type { TestFile } from './suites.ts'

/** Few names, so that columns, aliases and tables have the same ones wherever the servers let them. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  a: ['id', 'x', 'y', 's'],
  b: ['id', 'z', 'x', 's'],
  c: ['x', 'w', 'id'],
  d: ['y', 'x', 'v'],
  va: ['id', 'x', 'vy'],
}
const NAMES = ['id', 'x', 'y', 's', 'z', 'w', 'v', 'vy'] as const
const ALIASES = ['a', 'b', 'c', 'q', 'x', 't'] as const
const WRITTEN = ['a', 'b', 'c', 'd'] as const
const DEPTH_MAX = 3

const SETUP: readonly string[] = [
  'CREATE TABLE a (id int PRIMARY KEY, x int, y int, s varchar(20))',
  'CREATE TABLE b (id int, z int, x int, s varchar(20), KEY (x))',
  'CREATE TABLE c (x int, w int, id int PRIMARY KEY)',
  'CREATE TABLE d (y int, x int, v int DEFAULT 3)',
  'CREATE VIEW va AS SELECT id, x, y AS vy FROM a WHERE s IS NOT NULL',
  "INSERT INTO a VALUES (1, 1, 5, 'p'), (2, 1, 6, 'q'), (3, 2, 5, 'r'), (4, NULL, 2, NULL)",
  "INSERT INTO b VALUES (1, 2, 1, 'p'), (1, 3, 2, 'x'), (2, 2, NULL, 'q'), (5, 1, 3, 'r')",
  'INSERT INTO c VALUES (1, 10, 1), (2, 20, 2), (2, 30, 4), (NULL, 1, 5)',
  'INSERT INTO d VALUES (5, 1, 1), (6, 2, 2), (2, NULL, 1)',
]

/** Statements made at random from a seed, which people seldom write and servers take or refuse by their rules. */
export function generatedFile(seed: number, count: number): TestFile {
  const texts = [...SETUP, ...generatedStatements(seed, count)]
  return { name: `seed-${seed}`, steps: texts.map((sql, line) => ({ sql, line })) }
}

/** The same without the tables that they use. */
export function generatedStatements(seed: number, count: number): readonly string[] {
  const random = randomFrom(seed)
  return Array.from({ length: count }, () => new Maker(random).statement())
}

type Random = () => number

/** mulberry32: small, and the same on every machine. */
function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What is in reach of an expression: aliases with their columns, the innermost query's first. */
interface Source {
  readonly alias: string
  readonly columns: readonly string[]
}

class Maker {
  readonly #random: Random
  #withNames: Source[] = []

  constructor(random: Random) {
    this.#random = random
  }

  statement(): string {
    return this.#pick([
      ...Array.from({ length: 8 }, () => () => this.#withQuery()),
      () => this.#update(),
      () => this.#delete(),
      () => this.#insert(),
    ])()
  }

  #withQuery(): string {
    if (!this.#chance(0.2)) return this.#query(0, []).text
    const name = this.#pick(ALIASES)
    const { text, columns } = this.#query(1, [])
    const renamed = this.#chance(0.3) ? columns.map(() => this.#pick(NAMES)) : null
    this.#withNames = [{ alias: name, columns: renamed ?? columns }]
    return `WITH ${name}${renamed === null ? '' : ` (${renamed.join(', ')})`} AS (${text}) ${this.#query(0, []).text}`
  }

  #query(depth: number, outer: readonly Source[]): { text: string; columns: readonly string[] } {
    const first = this.#select(depth, outer)
    if (!this.#chance(0.12)) return first
    const other = this.#select(depth, outer, first.columns.length)
    const set = this.#pick(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'])
    const order = this.#chance(0.3) ? ` ORDER BY ${this.#pick([...first.columns, '1'])}` : ''
    return { text: `${first.text} ${set} ${other.text}${order}`, columns: first.columns }
  }

  #select(depth: number, outer: readonly Source[], width?: number): { text: string; columns: readonly string[] } {
    const sources: Source[] = []
    const from = this.#from(depth, sources)
    const reach = [...sources, ...outer]
    const items = Array.from({ length: width ?? 1 + this.#below(3) }, () =>
      this.#item(depth, reach, width === undefined),
    )
    const group = this.#chance(0.2) ? ` GROUP BY ${this.#some(() => this.#key(reach, items))}` : ''
    const text = [
      `SELECT ${this.#chance(0.1) ? 'DISTINCT ' : ''}${items.map((item) => item.text).join(', ')} FROM ${from}`,
      this.#chance(0.5) ? ` WHERE ${this.#condition(depth, reach)}` : '',
      group,
      this.#chance(group === '' ? 0.05 : 0.4)
        ? ` HAVING ${this.#key(reach, items)} ${this.#pick(['> 1', 'IS NOT NULL'])}`
        : '',
      depth === 0 && this.#chance(0.3) ? ` ORDER BY ${this.#some(() => this.#key(reach, items))}` : '',
    ]
    return { text: text.join(''), columns: items.flatMap((item) => item.names(sources)) }
  }

  #item(
    depth: number,
    reach: readonly Source[],
    stars: boolean,
  ): { text: string; names: (of: readonly Source[]) => readonly string[] } {
    if (stars && this.#chance(0.1)) return { text: '*', names: (of) => of.flatMap(({ columns }) => columns) }
    if (stars && this.#chance(0.1)) {
      const { alias, columns } = this.#pick(reach)
      return { text: `${alias}.*`, names: () => columns }
    }
    const bare = this.#chance(0.6)
    const text = bare ? this.#column(reach) : this.#expression(depth, reach)
    const named = this.#chance(0.4) || !bare
    const name = named ? this.#pick(NAMES) : (text.split('.').at(-1) as string)
    return { text: named ? `${text}${this.#pick([' AS ', ' '])}${name}` : text, names: () => [name] }
  }

  /** What GROUP BY, HAVING and ORDER BY may name: columns, output columns, places, expressions. */
  #key(reach: readonly Source[], items: readonly { names: (of: readonly Source[]) => readonly string[] }[]): string {
    const outputs = items.flatMap((item) => item.names(reach))
    return this.#pick([
      () => this.#column(reach),
      () => this.#pick(outputs.length > 0 ? outputs : ['x']),
      () => `${1 + this.#below(3)}`,
      () => `${this.#pick(outputs.length > 0 ? outputs : ['x'])} + ${this.#column(reach)}`,
      () => `COUNT(${this.#column(reach)})`,
    ])()
  }

  #expression(depth: number, reach: readonly Source[]): string {
    return this.#pick([
      () => `${this.#column(reach)} + ${this.#column(reach)}`,
      () => `IF(${this.#condition(DEPTH_MAX, reach)}, ${this.#column(reach)}, ${this.#column(reach)})`,
      () => `MAX(${this.#column(reach)})`,
      () => 'COUNT(*)',
      () => `COALESCE(${this.#column(reach)}, 7)`,
      () => `SUM(${this.#column(reach)}) OVER (PARTITION BY ${this.#column(reach)} ORDER BY ${this.#column(reach)})`,
      () => this.#scalar(depth, reach),
    ])()
  }

  #scalar(depth: number, reach: readonly Source[]): string {
    if (depth >= DEPTH_MAX) return this.#column(reach)
    const sources: Source[] = []
    const from = this.#from(DEPTH_MAX, sources)
    const inner = [...sources, ...reach]
    return `(SELECT MAX(${this.#column(inner)}) FROM ${from} WHERE ${this.#condition(depth + 1, inner)})`
  }

  #condition(depth: number, reach: readonly Source[]): string {
    const below = depth < DEPTH_MAX
    return this.#pick([
      () => `${this.#column(reach)} = ${this.#column(reach)}`,
      () => `${this.#column(reach)} > ${this.#below(4)}`,
      () => `${this.#column(reach)} IS NOT NULL`,
      () => `(${this.#column(reach)} = ${this.#below(4)} OR ${this.#column(reach)} < ${this.#column(reach)})`,
      () => (below ? `EXISTS (${this.#select(depth + 1, reach).text})` : '1'),
      () => (below ? `${this.#column(reach)} IN (${this.#select(depth + 1, reach, 1).text})` : '1'),
    ])()
  }

  /** Adds what it names to `sources`. */
  #from(depth: number, sources: Source[]): string {
    let text = this.#table(depth, sources)
    for (let more = this.#below(depth >= DEPTH_MAX ? 1 : 3); more > 0; more--) text = this.#joined(text, depth, sources)
    return text
  }

  #joined(left: string, depth: number, sources: Source[]): string {
    const nested = this.#chance(0.15)
    const own: Source[] = []
    const plain = this.#table(depth, own)
    const right = nested ? `(${this.#joined(plain, DEPTH_MAX, own)})` : plain
    sources.push(...own)
    const kind = this.#pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'CROSS JOIN', 'STRAIGHT_JOIN', ',', 'NATURAL'])
    if (kind === ',') return `${left}, ${right}`
    if (kind === 'NATURAL') return `${left} NATURAL ${this.#pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN'])} ${right}`
    if (kind !== 'STRAIGHT_JOIN' && this.#chance(0.4))
      return `${left} ${kind} ${right} USING (${this.#pick(['x', 'id', 's', 'x, id'])})`
    return `${left} ${kind} ${right} ON ${this.#condition(DEPTH_MAX, sources)}`
  }

  #table(depth: number, sources: Source[]): string {
    if (depth + 1 < DEPTH_MAX && this.#chance(0.15)) {
      const { text, columns } = this.#query(depth + 1, [])
      const alias = this.#pick(ALIASES)
      sources.push({ alias, columns })
      return `(${text}) ${this.#pick(['AS ', ''])}${alias}`
    }
    const tables = Object.entries(TABLES).map(([alias, columns]) => ({ alias, columns }))
    // The servers look at no WITH query that nothing reads.
    const known = this.#withNames.length > 0 && this.#chance(0.5) ? this.#withNames : tables
    const { alias: name, columns } = this.#pick(known)
    const alias = this.#chance(0.4) ? this.#pick(ALIASES) : null
    sources.push({ alias: alias ?? name, columns })
    return alias === null ? name : `${name} ${alias}`
  }

  #column(reach: readonly Source[]): string {
    const { alias, columns } = this.#pick(reach.length > 0 ? reach : [{ alias: 'a', columns: NAMES }])
    const name = columns.length > 0 && this.#chance(0.9) ? this.#pick(columns) : this.#pick(NAMES)
    return this.#chance(0.5) ? `${alias}.${name}` : name
  }

  #update(): string {
    const sources: Source[] = []
    const from = this.#chance(0.4) ? this.#tableToWrite(sources) : this.#from(1, sources)
    const set = this.#some(
      () =>
        `${this.#column(sources)} = ${this.#pick([() => this.#expression(1, sources), () => '1', () => 'DEFAULT'])()}`,
    )
    return `UPDATE ${from} SET ${set}${this.#where(sources)}`
  }

  #delete(): string {
    const sources: Source[] = []
    if (this.#chance(0.4)) return `DELETE FROM ${this.#pick(WRITTEN)}${this.#where([{ alias: 'a', columns: NAMES }])}`
    const from = this.#from(1, sources)
    const targets = this.#some(() => this.#pick(sources).alias)
    return this.#pick([`DELETE ${targets} FROM ${from}`, `DELETE FROM ${targets} USING ${from}`]) + this.#where(sources)
  }

  #insert(): string {
    const name = this.#pick(WRITTEN)
    const own = { alias: name, columns: TABLES[name] as readonly string[] }
    const columns = own.columns.slice(0, 1 + this.#below(own.columns.length))
    const source = this.#chance(0.5)
      ? this.#select(1, [], columns.length).text
      : `VALUES (${columns.map(() => this.#below(9)).join(', ')})`
    const given = () => this.#pick([() => `VALUES(${this.#pick(columns)})`, () => this.#column([own]), () => '5'])()
    const update = this.#chance(0.4) ? ` ON DUPLICATE KEY UPDATE ${this.#pick(own.columns)} = ${given()}` : ''
    return `${update === '' ? this.#pick(['INSERT INTO', 'REPLACE INTO']) : 'INSERT INTO'} ${name} (${columns.join(', ')}) ${source}${update}`
  }

  #tableToWrite(sources: Source[]): string {
    const alias = this.#pick(WRITTEN)
    sources.push({ alias, columns: TABLES[alias] as readonly string[] })
    return alias
  }

  #where(sources: readonly Source[]): string {
    return this.#chance(0.7) ? ` WHERE ${this.#condition(1, sources)}` : ''
  }

  #some(make: () => string): string {
    return Array.from({ length: 1 + this.#below(2) }, make).join(', ')
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)] as T
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #chance(of: number): boolean {
    return this.#random() < of
  }
}
