import { readFile, writeFile } from 'node:fs/promises'
import { SallyportError } from '../../errors.ts'
import { asciicastOf } from '../../recording/asciicast.ts'
import { htmlPageOf } from '../../recording/html_page.ts'
import { loggedRecordings } from '../../recording/logged_recordings.ts'
import { type OpenedRecording, openRecording } from '../../recording/open_recording.ts'
import type { Playback } from '../../recording/playback.ts'
import { isRecordingId } from '../../recording/recording_files.ts'
import { pathIn } from '../../recording/recordings.ts'
import { warningOf } from '../../recording/screen_text.ts'
import { playbackOf } from '../../recording/timeline.ts'
import { type RecordingFinding, verifyRecordings, WRONG } from '../../recording/verify_recordings.ts'
import { table } from '../api/print.ts'
import { type CliContext, signedIn } from '../context.ts'
import { playIn } from './recording_player.ts'
import { openerOf } from './sealed_texts.ts'

const OWNER_ONLY = 0o600

interface VerifyOptions {
  readonly directory: string
  readonly log: string
  readonly key?: string
  readonly json: boolean
}

/** 0: all is as the log says. 1: something is not. Rejects where the log or the directory can't be read. */
export async function verify({ out }: CliContext, { directory, log, key, json }: VerifyOptions): Promise<number> {
  const findings = await verifyRecordings(directory, loggedRecordings(log))
  const opened = key === undefined ? findings : await allOpened(directory, key, findings)
  if (json) out(`${JSON.stringify(opened, null, 2)}\n`)
  else
    out(
      table(
        ['RECORDING', 'STATE', 'WHY'],
        opened.map(({ id, state, why }) => [id, state, why]),
      ),
    )
  return opened.some(({ state }) => WRONG.has(state)) ? 1 : 0
}

/** A file that the log knows may still have been made by somebody else than the proxy: what opens is told apart. */
async function allOpened(directory: string, key: string, findings: readonly RecordingFinding[]) {
  const opener = await openerOf(key)
  const checked: RecordingFinding[] = []
  for (const finding of findings) {
    const isThere = finding.state === 'good' || finding.state === 'open' || finding.state === 'torn'
    checked.push(
      isThere ? withContent(finding, openRecording(await bytesOf(pathIn(directory, finding.id)), opener)) : finding,
    )
  }
  return checked
}

function withContent(finding: RecordingFinding, { wholeness, frames }: OpenedRecording): RecordingFinding {
  if (wholeness.state === 'whole') return { ...finding, why: `${finding.why}, ${frames} frames open` }
  const isExpected = wholeness.state === 'torn' && finding.state !== 'good'
  const why = `frame ${wholeness.frame}: ${wholeness.why}`
  return { ...finding, state: isExpected ? finding.state : 'changed', why }
}

interface ExportOptions {
  readonly key: string
  readonly format: 'asciicast' | 'html'
  readonly out?: string
}

/** 0: it is whole. 1: it is torn or was changed: what could be opened is written, and says so. */
export async function exportRecording(
  context: CliContext,
  which: string,
  { key, format, out }: ExportOptions,
): Promise<number> {
  const playback = await opened(context, which, key)
  const text = format === 'html' ? htmlPageOf(playback) : asciicastOf(playback)
  if (out === undefined) context.out(text)
  else await writeFile(out, text, { mode: OWNER_ONLY })
  return told(context, playback)
}

interface PlayOptions {
  readonly key: string
  readonly speed: number
  readonly idleLimit: number
}

/** As `exportRecording`. */
export async function play(
  context: CliContext,
  which: string,
  { key, speed, idleLimit }: PlayOptions,
): Promise<number> {
  const playback = await opened(context, which, key)
  await playIn(context, playback, { speed, idleLimitMs: idleLimit * 1000 })
  return told(context, playback)
}

function told({ err }: CliContext, playback: Playback): number {
  const warning = warningOf(playback)
  if (warning !== null) err(`${warning}\n`)
  return warning === null ? 0 : 1
}

async function opened(context: CliContext, which: string, key: string): Promise<Playback> {
  const opener = await openerOf(key)
  return playbackOf(openRecording(await sealedOf(context, which), opener))
}

/** An id is asked of the API; anything else is a file. */
async function sealedOf(context: CliContext, which: string): Promise<Uint8Array> {
  if (!isRecordingId(which)) return bytesOf(which)
  const { api } = await signedIn(context)
  return api.download('getRecording', { params: { id: which } })
}

function bytesOf(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new SallyportError('SP-INPUT', `${path} can't be read`, { cause })
  })
}
