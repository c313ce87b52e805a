/** What is wrong with a log, and where. */
export interface Finding {
  readonly kind: FindingKind
  /** The name of the file in the log's directory. */
  readonly file: string
  /** From 1; of several lines, the first and the last. */
  readonly line: number | null
  readonly lastLine: number | null
  /** The sequence number that the first of these lines has, or had. */
  readonly sequence: number | null
  /** Where the first of these lines begins, in bytes of the uncompressed file. */
  readonly offset: number | null
  readonly detail: string
}

export type FindingKind =
  /** A line is not what the line after it, or a checkpoint, says. */
  | 'line_changed'
  | 'line_missing'
  | 'line_added'
  /** A line stands at another place than it was written. */
  | 'line_moved'
  /** The end of the log is no whole line: a write that was cut short, or a cut by hand. */
  | 'line_torn'
  /** The lines agree with one another, but not with what was signed. */
  | 'root_differs'
  | 'note_unreadable'
  /** A checkpoint that none of the keys signed that were to sign it. */
  | 'note_signature'
  /** A checkpoint of another log, or out of order. */
  | 'note_order'
  /** A checkpoint for more lines than there are. */
  | 'note_beyond'
  | 'note_missing'
  /** More lines without a checkpoint than a running log leaves. */
  | 'tail_unsigned'
  | 'start_differs'
  | 'segment_missing'
  | 'segment_unreadable'
  /** What `log.json` says is not what the log holds. */
  | 'identity_differs'
  | 'key_rotation'
  /** A checkpoint that was kept elsewhere is not one of this log: it was rewritten, or cut. */
  | 'against_differs'

export interface Place {
  readonly line: number
  readonly lastLine?: number
  readonly sequence: number | null
  readonly offset: number | null
}

export function finding(kind: FindingKind, file: string, place: Place | null, detail: string): Finding {
  const line = place?.line ?? null
  return {
    kind,
    file,
    line,
    lastLine: place?.lastLine ?? line,
    sequence: place?.sequence ?? null,
    offset: place?.offset ?? null,
    detail,
  }
}

/** `file:line (sequence, byte): kind: detail`, as compilers have it. */
export function findingSummary({ file, line, lastLine, sequence, offset, kind, detail }: Finding): string {
  const lines = line === null ? '' : lastLine === null || lastLine === line ? `:${line}` : `:${line}-${lastLine}`
  const where = [...(sequence === null ? [] : [`sequence ${sequence}`]), ...(offset === null ? [] : [`byte ${offset}`])]
  return `${file}${lines}${where.length === 0 ? '' : ` (${where.join(', ')})`}: ${kind}: ${detail}`
}
