import type { Engine } from '../session/verdict.ts'
import type { Catalog } from '../sql/catalog.ts'
import { analyzeMysql } from '../sql/mysql/analyze.ts'
import { rewriteMysql } from '../sql/mysql/rewrite.ts'
import { analyzePostgres } from '../sql/postgres/analyze.ts'
import { rewritePostgres } from '../sql/postgres/rewrite.ts'
import { loadMysqlParsers } from './load_mysql_parsers.ts'
import { loadPostgresParser } from './load_postgres_parser.ts'

/** The analysis for a server, by dialect and major version; each parser is loaded once per process. */
export function createEngines(): (catalog: Catalog) => Promise<Engine> {
  const engines = new Map<string, Promise<Engine>>()
  return (catalog) => {
    const key = catalog.dialect === 'postgres' ? `postgres ${catalog.major}` : catalog.dialect
    let engine = engines.get(key)
    if (!engine) {
      engine = catalog.dialect === 'postgres' ? postgresEngine(catalog.major) : mysqlEngine(catalog.dialect)
      engines.set(key, engine)
      // A parser that failed to load is tried again for the next session.
      engine.catch(() => engines.delete(key))
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

async function mysqlEngine(dialect: 'mysql' | 'mariadb'): Promise<Engine> {
  const parsers = await loadMysqlParsers(dialect)
  return {
    analyze: (text, context) => analyzeMysql(text, context, parsers),
    // MySQL's errors hold no position to map back.
    rewrite: (facts, plans, context) => ({ text: rewriteMysql(facts, plans, context, parsers), edits: [] }),
  }
}
