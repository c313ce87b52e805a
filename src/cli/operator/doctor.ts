import { installationOf, watchTarget } from '../../compose/target_watch.ts'
import type { Target } from '../../session/ports.ts'
import type { PostureChange, PostureFinding } from '../../upstream/posture.ts'
import { type Installation, targetFindings, targetSnapshot } from '../../upstream/target_posture.ts'
import { plain } from '../api/print.ts'
import type { CliContext } from '../context.ts'
import { reachable } from './operator_config.ts'

export interface DoctorOptions {
  readonly config: string
  readonly json: boolean
  readonly watch: boolean
  readonly every: number
}

const EXIT_AMISS = 1

/** Says what is amiss, and with `--watch` what changes until `stopped`. 1: something of severity high stands. */
export async function doctor(
  context: CliContext,
  name: string,
  { config: dir, json, watch, every }: DoctorOptions,
  stopped: Promise<void>,
): Promise<number> {
  const { config, target } = await reachable(dir, name)
  const installation = installationOf(config, name)
  if (watch) return watched(context, { target, installation, json, everyMs: every }, stopped)
  const findings = await targetFindings(target, installation)
  const checkedAt = new Date().toISOString()
  context.out(json ? `${JSON.stringify({ target: name, checked_at: checkedAt, findings }, null, 2)}\n` : told(findings))
  return findings.some(({ severity }) => severity === 'high') ? EXIT_AMISS : 0
}

function told(findings: readonly PostureFinding[]): string {
  if (findings.length === 0) return 'nothing is amiss\n'
  return findings
    .map(({ severity, id, object, text, mend }) => {
      const lines = [`${severity.toUpperCase()} ${id}: ${object}`, text, `To mend: ${mend}`]
      return `${lines.map((line, at) => `${at === 0 ? '' : '  '}${plain(line)}\n`).join('')}\n`
    })
    .join('')
}

interface Watched {
  readonly target: Target
  readonly installation: Installation
  readonly json: boolean
  readonly everyMs: number
}

/** One line for each change, as long as somebody listens. */
async function watched(
  { out, err }: CliContext,
  { target, installation, json, everyMs }: Watched,
  stopped: Promise<void>,
): Promise<number> {
  const stop = watchTarget({
    look: () => targetSnapshot(target, installation),
    everyMs,
    changed: (changes) => {
      const time = new Date().toISOString()
      for (const change of changes) out(json ? jsonLine(time, target.name, change) : textLine(time, change))
    },
    failed: ({ code, detail }) => err(`${code}: ${plain(detail)}\n`),
  })
  err(`${target.name} is watched; Ctrl-C ends it\n`)
  await stopped
  await stop()
  return 0
}

function jsonLine(time: string, target: string, change: PostureChange): string {
  return `${JSON.stringify({ time, target, ...change })}\n`
}

function textLine(time: string, { activity, text }: PostureChange): string {
  return `${time} ${activity}: ${plain(text)}\n`
}
