import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { createEngines } from '../proxy/engines.ts'
import type { DryAnswer } from '../session/dry_run.ts'
import { type Difference, differenceOf, type ImpactWorld, judgeAgain } from './impact_judge.ts'
import { type ReadStatements, type RecordedStatement, readStatements } from './impact_log.ts'

/**
 * The thread that reads the log of record and judges what it finds under two policies: seconds of work, which no thread
 * that carries data may do. It reads, says which grants and databases it found, is told of them, and answers.
 */

export interface ImpactWork {
  readonly path: string
  readonly from: number
  readonly to: number
  readonly maxDistinct: number
  readonly readMs: number
  readonly judgeMs: number
}

export interface ImpactNeeds {
  readonly grantIds: readonly string[]
  /** Each target with the name of a database as records have it. */
  readonly places: readonly (readonly [string, string])[]
}

export interface ImpactCounts {
  readonly from: number
  readonly statements: number
  readonly unknown: number
  readonly newlyDenied: number
  readonly newlyAllowed: number
  readonly newlyMasked: number
  readonly newlyClear: number
  readonly examples: readonly ImpactExample[]
}

interface ImpactExample {
  readonly eventId: string
  readonly person: string
  readonly target: string
  readonly statement: string
  readonly before: string
  readonly after: string
}

const MAX_EXAMPLES = 50
const MAX_SHOWN_CHARACTERS = 2_000

async function judgeAll({ statements, left, from }: ReadStatements, world: ImpactWorld, until: number) {
  const engineFor = createEngines()
  const counts = { statements: 0, unknown: left, newlyDenied: 0, newlyAllowed: 0, newlyMasked: 0, newlyClear: 0 }
  const examples: ImpactExample[] = []
  for (const [statement, times] of statements) {
    const place = world.places.find(
      ({ target, recorded }) => target.name === statement.target && recorded === statement.database,
    )
    const judged =
      place === undefined || Date.now() > until
        ? 'unknown'
        : judgeAgain(statement, world, place, await engineFor(place.catalog))
    if (judged === 'unknown') {
      counts.unknown += times
      continue
    }
    counts.statements += times
    const difference = differenceOf(judged.before, judged.after)
    if (difference.denied) counts.newlyDenied += times
    if (difference.allowed) counts.newlyAllowed += times
    if (difference.masked.length > 0) counts.newlyMasked += times
    if (difference.clear.length > 0) counts.newlyClear += times
    const example = exampleOf(statement, judged, difference)
    if (example !== null && examples.length < MAX_EXAMPLES) examples.push(example)
  }
  return { from, ...counts, examples } satisfies ImpactCounts
}

function exampleOf(
  { eventId, email, subject, target, text }: RecordedStatement,
  { before, after }: { readonly before: DryAnswer; readonly after: DryAnswer },
  { denied, allowed, masked, clear }: Difference,
): ImpactExample | null {
  if (!denied && !allowed && masked.length === 0 && clear.length === 0) return null
  const told = (answer: DryAnswer, hidden: readonly string[], shown: readonly string[]) =>
    answer.allowed
      ? ['allowed', ...hidden.map((name) => `${name} masked`), ...shown.map((name) => `${name} in clear`)].join(', ')
      : `denied, ${answer.code}: ${answer.reason}`
  return {
    ...{ eventId, person: email ?? subject, target, statement: text.slice(0, MAX_SHOWN_CHARACTERS) },
    before: told(before, clear, masked),
    after: told(after, masked, clear),
  }
}

if (parentPort !== null) {
  const port = parentPort
  const { path, from, to, maxDistinct, readMs, judgeMs } = workerData as ImpactWork
  const clock = () => Date.now()
  const read = readStatements(path, { from, to, maxDistinct, until: clock() + readMs, clock })
  const needs: ImpactNeeds = {
    grantIds: [...new Set(read.statements.map(([{ grantId }]) => grantId))],
    places: [
      ...new Map(
        read.statements.map(([{ target, database }]) => [`${target}\0${database}`, [target, database] as const]),
      ).values(),
    ],
  }
  const told = once(port, 'message')
  port.postMessage(needs)
  const [world] = (await told) as [ImpactWorld]
  port.postMessage(await judgeAll(read, world, clock() + judgeMs))
}
