import type { EventQuery } from '../../src/search/event_query.ts'
import type { EventPage } from '../../src/search/events.ts'
import type { Question, QuestionAnswer } from '../../src/search/questions.ts'
import type { SearchProcess } from '../../src/search/search_process.ts'

const DEADLINE = { deadlineMs: 15_000 }

export function page(
  search: SearchProcess,
  query: EventQuery,
  more: { limit?: number; after?: string | null; before?: number } = {},
): Promise<EventPage> {
  const { limit = 100, after = null, before = null } = more
  return search.ask({ kind: 'events', page: { query, limit, after, before } }, DEADLINE)
}

/** The ids of the events, the newest first. */
export async function found(search: SearchProcess, query: EventQuery): Promise<readonly unknown[]> {
  return (await page(search, query)).items.map(({ uid }) => uid)
}

export function asked(search: SearchProcess, question: Question): Promise<QuestionAnswer> {
  return search.ask({ kind: 'question', question, before: null }, DEADLINE)
}

/** Until nothing is left to do; gives how often something was. */
export async function compacted(search: SearchProcess): Promise<number> {
  let done = 0
  while (await search.ask({ kind: 'compact' }, DEADLINE)) done++
  return done
}
