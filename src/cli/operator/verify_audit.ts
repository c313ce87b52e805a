import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { type NoteKey, noteKey } from '../../audit/note.ts'
import { findingSummary } from '../../auditlog/verify/finding.ts'
import { type Verified, verifyLiveLog } from '../../auditlog/verify/verify_log.ts'
import { UsageError } from '../api/usage_error.ts'
import type { CliContext } from '../context.ts'

export interface VerifyOptions {
  readonly log: readonly string[]
  readonly vkey: readonly string[]
  readonly key?: string
  readonly against?: readonly string[]
  readonly sinceCheckpoint?: string
  readonly chainOnly: boolean
  readonly json: boolean
}

const GOOD = 0
const BROKEN = 1
const UNCHECKED = 2
const MS_PER_SECOND = 1000

/** 0: as it was written. 1: it isn't, and where. 2: could not check all of it. */
export async function verifyAudit(context: CliContext, options: VerifyOptions): Promise<number> {
  const keys = options.chainOnly ? [] : await keysOf(context, options.vkey, options.key)
  const read = (path: string) => context.read(path)
  const against = await Promise.all((options.against ?? []).map(read))
  const since = options.sinceCheckpoint === undefined ? null : await read(options.sinceCheckpoint)
  if (keys.length === 0 && (against.length > 0 || since !== null)) {
    throw new UsageError('a checkpoint is compared by the public key: give --vkey or --key, and no --chain-only')
  }
  const [first] = options.log
  const isDirectory = options.log.length === 1 && first !== undefined && isFolder(first)
  const report = await verifyLiveLog({ log: isDirectory ? first : options.log, keys, against, since })
  context.out(options.json ? `${JSON.stringify(jsonOf(report))}\n` : textOf(report, options))
  return codeOf(report)
}

/** Public keys of options and of a file, one a line. A private key has a public one, but does not belong here. */
export async function keysOf(context: CliContext, vkeys: readonly string[], file?: string): Promise<NoteKey[]> {
  const lines = file === undefined ? [] : (await context.read(file)).split('\n').filter((line) => line.trim() !== '')
  const texts = [...vkeys, ...lines]
  if (texts.length === 0) {
    throw new UsageError(
      'give the public key of the log by --vkey or --key, from where it was noted and not from the log itself; without ' +
        'one, --chain-only checks that the lines follow one another',
    )
  }
  return texts.map((text) => {
    const key = noteKey(text.trim())
    if (key === null || key.private !== null)
      throw new UsageError('that is no public key, as `audit key new` prints it')
    return key
  })
}

function codeOf({ findings, unchecked }: Verified): number {
  if (findings.length > 0) return BROKEN
  return unchecked.length > 0 ? UNCHECKED : GOOD
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function textOf(report: Verified, { log, chainOnly }: VerifyOptions): string {
  const { findings, unchecked } = report
  const name = log.map((path) => (log.length === 1 ? path : basename(path))).join(', ')
  const verdict = findings.length > 0 ? 'tampered or broken' : unchecked.length > 0 ? 'could not check' : 'good'
  return [
    `${name}: ${verdict}`,
    ...findings.map((one) => `  ${findingSummary(one)}`),
    ...unchecked.map((why) => `  could not check: ${why}`),
    ...contents(report),
    ...(chainOnly ? ['the chain alone: no checkpoint was looked at'] : signatures(report)),
    '',
  ].join('\n')
}

function contents({ lines, first, next, segments, bytes, deleted, writer, head }: Verified): string[] {
  const range = lines === 0 ? 'no lines' : `lines ${first} to ${next - 1}`
  return [
    `${range}, ${lines} of them in ${segments} segments, ${bytes} bytes, writer ${JSON.stringify(writer)}`,
    ...(head === null ? [] : [`head ${head}`]),
    ...deleted.map((gap) => `lines ${gap.first} to ${gap.next - 1} were deleted: their last checkpoint is left`),
  ]
}

function signatures({ checkpoints, origin, spans, tail, agreed }: Verified): string[] {
  const last = checkpoints.at(-1)
  const age = tail.from === null ? '' : `, the oldest ${Math.round((Date.now() - tail.from) / MS_PER_SECOND)} s old`
  return [
    ...spans.map(({ key, from }) => `key ${key.vkey}${from === 0 ? '' : ` from ${from} lines on`}`),
    last === undefined
      ? 'no checkpoints'
      : `${checkpoints.length} checkpoints of ${JSON.stringify(origin)}, the last of ${last.size} lines`,
    ...(tail.lines === 0 ? [] : [`${tail.lines} lines have no checkpoint yet${age}`]),
    ...(agreed === 0 ? [] : [`${agreed} checkpoints that were kept elsewhere agree`]),
  ]
}

function jsonOf(report: Verified): object {
  const { findings, unchecked, writer, origin, first, next, lines, bytes, segments, deleted, head, tail, agreed } =
    report
  const last = report.checkpoints.at(-1)
  return {
    verdict: findings.length > 0 ? 'broken' : unchecked.length > 0 ? 'unchecked' : 'good',
    findings,
    unchecked,
    ...{ writer, origin, first, next, lines, bytes, segments, deleted, head, agreed },
    keys: report.spans.map(({ key, from }) => ({ vkey: key.vkey, from })),
    checkpoints: report.checkpoints.length,
    lastCheckpoint: last === undefined ? null : { size: last.size, note: last.note },
    unsignedTail: tail,
  }
}
