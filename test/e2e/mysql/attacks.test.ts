import { describeAttacks } from './attacks_run.ts'

/** What the corpus does not have: a database of one's own to carry values to, statistics, and what a session keeps. */
const KEPT = new Set(['laundering', 'statistics', 'variable', 'prepare', 'dynamic', 'procedure', 'error'])

describeAttacks(({ kind }) => KEPT.has(kind))
