import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { openStore } from '../../src/store/open_store.ts'
import { createOutbox } from '../../src/store/outbox.ts'
import type { StoreSettings } from '../../src/store/settings.ts'
import { accessEvent, grantRecord } from './records.ts'

/** Writes grants with their events until it is killed. */

const [settings, log] = process.argv.slice(2) as [string, string]

function appendTo(path: string, lines: readonly string[]): void {
  const file = openSync(path, 'a')
  writeSync(file, lines.map((line) => `${line}\n`).join(''))
  fsyncSync(file)
  closeSync(file)
}

const parsed = JSON.parse(settings) as StoreSettings & { readonly secret: string }
const store = await openStore(parsed.kind === 'postgres' ? { ...parsed, password: async () => parsed.secret } : parsed)
createOutbox(store, {
  append: async (events) =>
    appendTo(
      log,
      events.map(({ entity }) => entity.id),
    ),
  failed: (error) => {
    throw error
  },
})
process.stdout.write('ready\n')
for (;;) {
  const record = grantRecord()
  await store.write(async (tx) => {
    await tx.grants.insert(record)
    tx.record(accessEvent({ entity: { type: 'grant', id: record.id } }))
  })
}
