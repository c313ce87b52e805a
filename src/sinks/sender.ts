/** One record on its way out, in the format that the sink is set to. */
export interface Item {
  /** `metadata.uid` of the record; the same each time that it is sent, and in all of its pieces. */
  readonly uid: string
  /** The number of the line in the log; that of a checkpoint is the one of the last line that it covers. */
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly time: number
  /** `metadata.event_code`. */
  readonly code: string
  /** `severity_id` of OCSF, 1 to 6. */
  readonly severity: number
  /** One line without its newline: JSON, or CEF where the sink is set to it. */
  readonly text: string
  /** Where the record is larger than the sink's `maxItemBytes`: which of how many pieces, from 0. */
  readonly piece?: { readonly index: number; readonly count: number }
}

/** What the sink would never take: it goes to the dead letters. */
export interface Refused {
  readonly item: Item
  /** In our words: never what the sink answered, which may hold anything. */
  readonly why: string
}

export interface SenderLimits {
  readonly maxItems: number
  /** Of the texts of one batch together, with a byte for each between them. */
  readonly maxBytes: number
  /** Of one text, in UTF-8; what is larger comes in pieces. */
  readonly maxItemBytes: number
}

/** One sink. It is never asked to send again before the call before has settled. */
export interface Sender {
  /** What the sink can take at most; the configuration may ask for smaller batches. */
  readonly limits: SenderLimits
  /**
   * Resolves when the sink has taken all but the refused. Rejects where it is worth trying again, with `SinkError` where
   * more is known; the same items come again then, after `SinkError` to the same sender (but for one of authentication). The
   * signal is aborted at the deadline and at the end of the program.
   */
  send(items: readonly Item[], signal: AbortSignal): Promise<readonly Refused[]>
  /** Gives up connections. What was resolved is with the sink. */
  close(): Promise<void>
}

export interface SenderDeps {
  /** A secret by its reference; after a failure of authentication it is read anew. Rejects with `SinkError`. */
  readonly secret: (reference: string) => Promise<string>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The name of this node, and the version of the program. */
  readonly node: string
  readonly version: string
  /** Whole lines to the standard output, between those of the program; resolves when they are out. */
  readonly print: (text: string) => Promise<void>
}

export interface SinkTrouble {
  /** Not before so many milliseconds: what the sink asked for. */
  readonly afterMs?: number | undefined
  /** The sink did not believe who we are: secrets are read anew before the next try. */
  readonly authentication?: boolean
}

/** Why a batch was not taken, and that it may be taken later. The words hold nothing of what was sent or received. */
export class SinkError extends Error {
  readonly afterMs: number | undefined
  readonly authentication: boolean

  constructor(why: string, { afterMs, authentication = false }: SinkTrouble = {}) {
    super(why)
    this.name = 'SinkError'
    this.afterMs = afterMs
    this.authentication = authentication
  }
}
