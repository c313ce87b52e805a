import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { type LogPosition, positionOf, proofBy } from '../../compose/log_proof.ts'
import type { Config } from '../../config/config.ts'
import { SallyportError } from '../../errors.ts'
import { createIds } from '../../proxy/ids.ts'
import { SECRET_REFERENCE } from '../../session/secret_settings.ts'
import { backup } from '../../store/backup.ts'
import { openBeside } from '../../store/open_beside.ts'
import { openStore } from '../../store/open_store.ts'
import { restore } from '../../store/restore.ts'
import type { StoreSettings } from '../../store/settings.ts'
import type { SqlStore } from '../../store/sql_store.ts'
import { waiting } from '../api/progress.ts'
import type { CliContext } from '../context.ts'
import { operatorConfig } from './operator_config.ts'

/** Files of the data directory that a server which takes over needs, beside secrets. */
const OWN_FILES = ['client-authority.pem', 'former-names.json']

const clock = { now: () => Date.now(), monotonic: () => performance.now() }

export interface BackupOptions {
  readonly config: string
  readonly out: string
}

/** A copy of the store as it is at one moment, whether the server runs or not. */
export async function takeBackup(context: CliContext, { config: dir, out: path }: BackupOptions): Promise<number> {
  const config = await operatorConfig(dir)
  const store = await openBeside(settingsOf(config))
  // Before the copy begins: what comes after this line may not be in it.
  const logPosition = positionOf(config.node.audit.directory)
  const keys = keysOf(config)
  const records = await waiting(context, `copying the store to ${path}`, () =>
    closing(store, () => backup({ ...depsOf(config, store) }, { path, logPosition, keys })),
  )
  context.out(`${path}: ${records} records, ${positionText(logPosition)}\n`)
  context.out(`not in it, and needed beside it:\n${keys.map((key) => `  ${key}\n`).join('')}`)
  return 0
}

export interface RestoreOptions {
  readonly config: string
  readonly from: string
}

/** Fills an empty store; nothing that had ended, or may have, becomes active again. */
export async function restoreBackup(context: CliContext, { config: dir, from }: RestoreOptions): Promise<number> {
  const config = await operatorConfig(dir)
  const auditLog = config.node.audit.directory
  const stillValid = proofFor(config, await positionIn(from))
  const store = await openStore(settingsOf(config))
  const { takenAt, records, endedGrants } = await waiting(context, `restoring ${from}`, () =>
    closing(store, () => restore(depsOf(config, store), { path: from, logPosition: positionOf(auditLog), stillValid })),
  )
  context.out(
    `${records} records of ${new Date(takenAt).toISOString()}; ${endedGrants} grants ended, as nothing proves that they still stood\n` +
      'locks and changes of policy that were made since have to be made again: the audit log names them\n',
  )
  return 0
}

/** The log of one node says nothing of what others did. */
function proofFor({ node }: Config, position: unknown): ReturnType<typeof proofBy> {
  return node.store.kind === 'sqlite' ? proofBy(node.audit.directory, position) : () => false
}

function depsOf({ node }: Config, store: SqlStore) {
  return { store, clock, ids: createIds(clock.now), node: node.name, actor: null }
}

async function closing<T>(store: SqlStore, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await store.close()
  }
}

function settingsOf({ node: { store } }: Config): StoreSettings {
  return store.kind === 'sqlite' ? store : { ...store, password: async () => store.password }
}

/** References, never secrets, wherever the configuration has one. */
function keysOf({ tree, node, authority }: Config): readonly string[] {
  const found = new Set<string>()
  const collect = (value: unknown): void => {
    if (typeof value === 'string' && SECRET_REFERENCE.test(value) && !value.startsWith('https://')) found.add(value)
    else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) collect(inner)
  }
  collect(tree)
  const files = authority === null ? OWN_FILES : OWN_FILES.slice(1)
  return [...[...found].sort(), ...files.map((name) => `file:${node.dataDir}/${name}`), `file:${node.audit.directory}`]
}

function positionText(position: LogPosition | null): string {
  return position === null ? 'no audit log yet' : `the audit log at line ${position.sequence} of ${position.writer}`
}

/** Of the first line; whether the file is whole is checked by the restore. */
async function positionIn(path: string): Promise<unknown> {
  const input = createReadStream(path, 'utf8')
  try {
    for await (const line of createInterface({ input })) {
      const header: unknown = JSON.parse(line)
      return typeof header === 'object' && header !== null && 'logPosition' in header ? header.logPosition : null
    }
  } catch (cause) {
    throw new SallyportError('SP-INPUT', `${path} can't be read as a backup`, { cause })
  } finally {
    input.destroy()
  }
  return null
}
