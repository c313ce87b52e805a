import type { Page, PageQuery } from '../access/control.ts'
import type { Versioned } from '../access/model.ts'
import { type Filter, MAX_PAGE, type Query, type Reading } from '../access/ports.ts'
import { SallyportError } from '../errors.ts'

const DEFAULT_PAGE = 50

/** Newest first. `keep` is for what the store has no column for. */
export async function page<Row extends Versioned, By extends string>(
  records: Reading<Row, By>,
  where: Partial<Record<By, Filter>>,
  { after, limit = DEFAULT_PAGE }: PageQuery,
  keep: (record: Row) => boolean = () => true,
): Promise<Page<Row>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new SallyportError('SP-INPUT', `limit must be 1 to ${MAX_PAGE}`)
  }
  const found: Row[] = []
  let from = after
  for (;;) {
    const read = await records.list({
      where,
      limit: MAX_PAGE,
      order: 'descending',
      ...(from !== undefined && { after: from }),
    })
    for (const record of read) {
      if (!keep(record)) continue
      if (found.length === limit) return { items: found, next: found.at(-1)?.id ?? null }
      found.push(record)
    }
    from = read.at(-1)?.id
    if (read.length < MAX_PAGE) return { items: found, next: null }
  }
}

/** All of them, page by page: for what is few by nature. */
export async function all<Row extends Versioned, By extends string>(
  records: Reading<Row, By>,
  where: NonNullable<Query<By>['where']>,
): Promise<readonly Row[]> {
  const found: Row[] = []
  for (;;) {
    const last = found.at(-1)
    const read = await records.list({ where, limit: MAX_PAGE, ...(last && { after: last.id }) })
    found.push(...read)
    if (read.length < MAX_PAGE) return found
  }
}

/** A filter of what is given and no other. */
export function given<By extends string>(fields: Partial<Record<By, Filter | undefined>>): Partial<Record<By, Filter>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<
    Record<By, Filter>
  >
}
