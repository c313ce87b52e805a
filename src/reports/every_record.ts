import { type Filter, MAX_PAGE, type Reading, type RecordName, type Records, type Store } from '../access/ports.ts'

type Row<Name extends RecordName> = Records[Name]['record']
type Where<Name extends RecordName> = Partial<Record<Records[Name]['by'], Filter>>

/** Values in one filter: a statement of the store takes so many parameters and more. */
const MAX_VALUES = 200

/**
 * All that a filter matches, each page in a transaction of its own: a report may take long, and others read from the store
 * meanwhile.
 */
export async function everyRecord<Name extends RecordName>(
  store: Pick<Store, 'read'>,
  name: Name,
  where: Where<Name>,
): Promise<Row<Name>[]> {
  const all: Row<Name>[] = []
  for (;;) {
    const after = all.at(-1)?.id
    const page = await store.read((tx) => {
      const records = tx[name] as unknown as Reading<Row<Name>, Records[Name]['by']>
      return records.list({ where, limit: MAX_PAGE, ...(after !== undefined && { after }) })
    })
    all.push(...page)
    if (page.length < MAX_PAGE) return all
  }
}

/** As above, for any number of values of one field. */
export async function recordsOfAny<Name extends RecordName>(
  store: Pick<Store, 'read'>,
  name: Name,
  field: Records[Name]['by'],
  values: Iterable<string>,
): Promise<Row<Name>[]> {
  const wanted = [...new Set(values)].sort()
  const all: Row<Name>[] = []
  for (let at = 0; at < wanted.length; at += MAX_VALUES) {
    const where = { [field]: wanted.slice(at, at + MAX_VALUES) } as unknown as Where<Name>
    all.push(...(await everyRecord(store, name, where)))
  }
  return all
}

/** Those of them that there are. */
export async function recordsById<Name extends RecordName>(
  store: Pick<Store, 'read'>,
  name: Name,
  ids: Iterable<string>,
): Promise<Row<Name>[]> {
  const wanted = [...ids]
  const all: Row<Name>[] = []
  for (let at = 0; at < wanted.length; at += MAX_VALUES) {
    await store.read(async (tx) => {
      const records = tx[name] as unknown as Reading<Row<Name>, Records[Name]['by']>
      for (const id of wanted.slice(at, at + MAX_VALUES)) {
        const found = await records.get(id)
        if (found !== undefined) all.push(found)
      }
    })
  }
  return all
}
