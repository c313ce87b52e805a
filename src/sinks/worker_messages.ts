import type { SinkSettings } from '../session/sink_settings.ts'
import type { SinkNews, SinkStatus, SinkTest } from './sink_status.ts'

/** What the thread of the sinks starts with. */
export interface SinkWorkerData {
  /** The log of record. */
  readonly directory: string
  /** Where positions and dead letters are. */
  readonly state: string
  /** Shared memory: [1] is the sequence number after the last line that is on disk. */
  readonly progress: BigInt64Array
  readonly node: string
  readonly version: string
}

export type ToSinkWorker =
  /** All sinks from now on; answered with `configured`. */
  | { readonly kind: 'configure'; readonly id: number; readonly sinks: readonly SinkSettings[] }
  | { readonly kind: 'test'; readonly id: number; readonly name: string }
  /** Answered with `drained` when nothing is left to do. */
  | { readonly kind: 'drain'; readonly id: number }
  /** The answers to `secret` and `print`. */
  | { readonly kind: 'answer'; readonly id: number; readonly value: string | null }

export type FromSinkWorker =
  | { readonly kind: 'secret'; readonly id: number; readonly reference: string }
  | { readonly kind: 'print'; readonly id: number; readonly text: string }
  | { readonly kind: 'status'; readonly sinks: readonly SinkStatus[] }
  | { readonly kind: 'news'; readonly news: SinkNews }
  | { readonly kind: 'configured' | 'drained'; readonly id: number }
  | { readonly kind: 'tested'; readonly id: number; readonly test: SinkTest }
