import type { Engine } from '../session/verdict.ts'
import type { Catalog } from '../sql/catalog.ts'
import { analyzeMysql } from '../sql/mysql/analyze.ts'
import { rewriteMysql } from '../sql/mysql/rewrite.ts'
import { analyzePostgres } from '../sql/postgres/analyze.ts'
import { rewritePostgres } from '../sql/postgres/rewrite.ts'
import { loadPostgresParser } from './load_postgres_parser.ts'

/** The analysis for a server, by dialect and major version; a parser is loaded once per process. */
export function createEngines(): (catalog: Catalog) => Promise<Engine> {
  const engines = new Map<number, Promise<Engine>>()
  return (catalog) => {
    if (catalog.dialect !== 'postgres') return Promise.resolve(MYSQL)
    let engine = engines.get(catalog.major)
    if (!engine) {
      engine = postgresEngine(catalog.major)
      engines.set(catalog.major, engine)
      // A parser that failed to load is tried again for the next session.
      engine.catch(() => engines.delete(catalog.major))
    }
    return engine
  }
}

async function postgresEngine(major: number): Promise<Engine> {
  const parser = await loadPostgresParser(major)
  return {
    analyze: (text, context) => analyzePostgres(text, context, parser),
    rewrite: (facts, plans, context) => rewritePostgres(facts, plans, context, parser),
  }
}

/** Both flavours: which grammar is read, the catalog says. */
const MYSQL: Engine = {
  analyze: analyzeMysql,
  // MySQL's errors hold no position to map back.
  rewrite: (facts, plans, context) => ({ text: rewriteMysql(facts, plans, context), edits: [] }),
}
