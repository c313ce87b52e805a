import { loadPostgresParser } from '../../../src/proxy/load_postgres_parser.ts'
import type { Facts, StatementFacts } from '../../../src/sql/facts.ts'
import type { PostgresParser } from '../../../src/sql/parsers.ts'
import { analyzePostgres } from '../../../src/sql/postgres/analyze.ts'
import { SHOP } from './shop.ts'

export const PARSER_15: PostgresParser = await loadPostgresParser(15)
export const PARSER_18: PostgresParser = await loadPostgresParser(18)

export function analyze(text: string, parser: PostgresParser = PARSER_18): Facts {
  return analyzePostgres(text, SHOP, parser)
}

/** The facts of a message of one statement. */
export function one(text: string, parser: PostgresParser = PARSER_18): StatementFacts {
  const { statements } = analyze(text, parser)
  if (statements.length !== 1) throw new Error(`${statements.length} statements`)
  return statements[0]!
}

/** Column uses in short: `users.email=computed`. */
export function columns(facts: StatementFacts): readonly string[] {
  return facts.uses
    .flatMap((use) => [...use.columns].map(([name, kind]) => `${use.relation.name}.${name}=${kind}`))
    .sort()
}
