import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { type ChainState, chainLine, newChain } from '../../src/audit/chain.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { recordsOf } from '../../src/audit/project.ts'
import { StoredTexts } from '../../src/audit/stored_texts.ts'
import { plainPath } from '../../src/auditlog/segments.ts'
import { SearchProcess } from '../../src/search/search_process.ts'
import { PRODUCT } from '../audit/events.ts'

const folders: string[] = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A log of a few segments, written as the product writes lines. */
export class SearchLog {
  readonly directory = join(mkdtempSync(join(tmpdir(), 'search-')), 'audit')
  readonly #texts = new StoredTexts()
  #chain: ChainState = newChain('node-1')
  #first = 0

  constructor() {
    folders.push(dirname(this.directory))
    mkdirSync(this.directory)
    writeFileSync(this.path, '')
  }

  /** Of the open segment. */
  get path(): string {
    return plainPath(this.directory, this.#first)
  }

  get next(): number {
    return this.#chain.next
  }

  add(...events: readonly AuditEvent[]): void {
    for (const event of events) {
      for (const record of recordsOf(event, PRODUCT).flatMap((one) => this.#texts.withTexts(one))) {
        const { line, state } = chainLine(this.#chain, record)
        this.#chain = state
        appendFileSync(this.path, `${line}\n`)
      }
      this.#texts.written()
    }
  }

  /** A line that is none, with a number of its own. */
  addBroken(text: string): void {
    this.#chain = { ...this.#chain, next: this.#chain.next + 1 }
    appendFileSync(this.path, `${text}\n`)
  }

  /** Bytes without a newline behind them. */
  addTorn(text: string): void {
    appendFileSync(this.path, text)
  }

  rotate(): void {
    this.#first = this.#chain.next
    this.#texts.clear()
    writeFileSync(this.path, '')
  }

  /** A closed segment, as it stands when it was compressed. */
  compressed(path: string): void {
    writeFileSync(`${path}.zst`, zstdCompressSync(readFileSync(path)))
    this.deleted(path)
  }

  deleted(path: string): void {
    rmSync(path)
  }

  parquetFiles(): string[] {
    return readdirSync(join(this.directory, 'parquet')).sort()
  }

  /** All but the manifest. */
  dropParquet(): void {
    const files = this.parquetFiles().filter((name) => name.endsWith('.parquet'))
    for (const name of files) rmSync(join(this.directory, 'parquet', name))
  }

  process(keeps = false, name = 'scratch', memoryMib = 256): SearchProcess {
    const { directory } = this
    const bounds = { memoryMib, threads: 1, tempMib: 256, niceness: 0 }
    const sources = { directory, parquet: join(directory, 'parquet'), scratch: join(directory, '..', name), keeps }
    return new SearchProcess({ bounds, sources }, () => undefined)
  }
}
