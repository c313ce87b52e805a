import { parentPort, workerData } from 'node:worker_threads'
import { readPeriod } from './audit_period.ts'
import type { HistorySearch } from './audit_reader.ts'
import { searchHistory } from './history_search.ts'
import type { Pack } from './pack.ts'
import type { Period } from './report_ports.ts'
import { readUsageTail, type TailQuestion } from './usage_tail.ts'

/** A thread for one piece of work that would hold up others: reading the log of record, or drawing a pack. */

export type Work =
  | { readonly kind: 'period'; readonly directory: string; readonly period: Period }
  | { readonly kind: 'history'; readonly directory: string; readonly search: HistorySearch }
  | { readonly kind: 'usage'; readonly directory: string; readonly question: TailQuestion }
  | { readonly kind: 'pdf'; readonly pack: Pack }
  | { readonly kind: 'csv'; readonly pack: Pack }
  | { readonly kind: 'json'; readonly pack: Pack }

export type Done = { readonly done: unknown } | { readonly failed: string }

async function perform(work: Work): Promise<unknown> {
  switch (work.kind) {
    case 'period':
      return readPeriod(work.directory, work.period)
    case 'history':
      return searchHistory(work.directory, work.search)
    case 'usage':
      return readUsageTail(work.directory, work.question)
    case 'csv':
      return (await import('./pack_csv.ts')).csvOf(work.pack)
    case 'json':
      return (await import('./pack_json.ts')).jsonOf(work.pack)
    case 'pdf':
      return (await import('./pack_pdf.ts')).pdfOf(work.pack)
  }
}

if (parentPort) {
  const port = parentPort
  perform(workerData as Work).then(
    (done) => port.postMessage({ done } satisfies Done),
    (error: unknown) => {
      const failed = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
      port.postMessage({ failed } satisfies Done)
    },
  )
}
