import { spawn } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { COSIGNED, type NoteKey } from '../../audit/note.ts'
import { isMissing } from '../../auditlog/system_error.ts'
import {
  cosigned,
  type GivenCheckpoint,
  type Look,
  lookAt,
  lookAtProofs,
  readSeen,
  type Seen,
} from '../../auditlog/verify/witness.ts'
import { asSallyportError, SallyportError } from '../../errors.ts'
import { ApiProblem } from '../api/client.ts'
import { UsageError } from '../api/usage_error.ts'
import { type CliContext, signedIn } from '../context.ts'
import { privateKeyIn } from './audit_keys.ts'
import { keysOf } from './verify_audit.ts'

export interface WatchOptions {
  readonly log?: string
  readonly url?: string
  readonly vkey: readonly string[]
  readonly key: string
  readonly state: string
  readonly every: string
  readonly once: boolean
  readonly exec?: string
}

const GOOD = 0
const BROKEN = 1
const UNCHECKED = 2
const MS_PER_SECOND = 1000
/** A log that is being restarted or rotated may not be readable for a moment. */
const MAX_FAILED_LOOKS = 3

interface Watch {
  readonly look: (seen: Seen | null) => Promise<Look>
  readonly watcher: NoteKey
  readonly state: string
}

/** Looks again and again, until the log is broken or can't be checked. 0: looked once, and it continues. */
export async function watchAudit(context: CliContext, options: WatchOptions): Promise<number> {
  const everyMs = Number(options.every) * MS_PER_SECOND
  if (!(everyMs > 0)) throw new UsageError('--every must be a number of seconds')
  const keys = await keysOf(context, options.vkey)
  const watcher = await privateKeyIn(options.key)
  if (watcher.type !== COSIGNED) throw new UsageError('the key of the watcher is one of `audit key new --watcher`')
  const watch = { look: lookerOf(context, options, keys), watcher, state: options.state }
  let seen = await seenBefore(watch)
  for (let failed = 0; ; ) {
    const look = await lookOnce(watch, seen)
    if (look.is === 'broken') return broken(context, look.why, options.exec)
    if (look.is === 'unchecked') {
      for (const why of look.why) context.err(`could not check: ${why}\n`)
      failed += 1
      if (options.once || failed >= MAX_FAILED_LOOKS) return UNCHECKED
    } else {
      failed = 0
      if (look.isNew) {
        await keep(watch, look.seen)
        context.out(`${look.seen.origin}: ${look.seen.size} lines, cosigned\n`)
      }
      seen = look.seen
      if (options.once) return GOOD
    }
    await wait(everyMs)
  }
}

function lookerOf(context: CliContext, { log, url }: WatchOptions, keys: readonly NoteKey[]): Watch['look'] {
  if ((log === undefined) === (url === undefined)) throw new UsageError('give --log or --url, and not both')
  if (log !== undefined) return (seen) => lookAt(log, keys, seen)
  const server = { ...context, env: { ...context.env, SALLYPORT_SERVER: url } }
  return async (seen) => {
    const { api } = await signedIn(server)
    const get = async (from?: number): Promise<GivenCheckpoint> => {
      const { checkpoint, proof } = await api.call('getCheckpoint', { query: { from } })
      return { note: checkpoint, proof }
    }
    return lookAtProofs(await get(), get, keys, seen)
  }
}

async function lookOnce({ look }: Watch, seen: Seen | null): Promise<Look> {
  try {
    return await look(seen)
  } catch (error) {
    return { is: 'unchecked', why: [error instanceof ApiProblem ? error.message : asSallyportError(error).detail] }
  }
}

/** Null before the first look. */
async function seenBefore({ state, watcher }: Watch): Promise<Seen | null> {
  const note = await readFile(state, 'utf8').catch((cause: unknown) => {
    if (isMissing(cause)) return null
    throw new SallyportError('SP-INPUT', `${state} can't be read`, { cause })
  })
  return note === null ? null : readSeen(note, watcher)
}

async function keep({ state, watcher }: Watch, { note }: Seen): Promise<void> {
  const beside = `${state}.new`
  await writeFile(beside, cosigned(note, watcher, Math.floor(Date.now() / MS_PER_SECOND)), { flush: true })
  await rename(beside, state)
}

async function broken({ err }: CliContext, why: readonly string[], command: string | undefined): Promise<number> {
  for (const one of why) err(`broken: ${one}\n`)
  if (command !== undefined) await run(command, `${why.join('\n')}\n`)
  return BROKEN
}

/** A program that can't be run must not hide what it was to tell. */
function run(command: string, input: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: ['pipe', 'inherit', 'inherit'] })
    child.on('error', () => resolve())
    child.on('close', () => resolve())
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
