import { type ChildProcess, spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { ExecSettings } from '../session/secret_settings.ts'
import { MAX_SECRET_BYTES, type SecretProvider, secretError } from './provider.ts'
import { parseSecretDocument } from './secret_document.ts'

const MAX_OUTPUT_BYTES = 3 * MAX_SECRET_BYTES
const OTHERS_MAY_WRITE = 0o022
const PATH = '/usr/local/bin:/usr/bin:/bin'

/**
 * Runs a configured program, without a shell, with the path of the reference as its last argument. What it says on
 * standard error is thrown away: a secret could stand in it.
 */
export function createExecProvider(settings: ExecSettings): SecretProvider {
  return {
    async read(path, field) {
      if (field !== null) throw secretError('a secret of an exec provider has no fields')
      if (path.startsWith('-')) throw secretError('the argument of an exec provider may not begin with a dash')
      await checkProgram(settings.command[0] ?? '')
      return parseSecretDocument(await run(settings, path))
    },
    others: async () => [],
    close: async () => {},
  }
}

/** Who may change the program has the secrets, and runs what they like. */
async function checkProgram(program: string): Promise<void> {
  if (!isAbsolute(program)) throw secretError('the program of an exec provider is given by its absolute path')
  const found = await stat(program).catch(() => {
    throw secretError(`${program}: the program can't be found`)
  })
  if (!found.isFile()) throw secretError(`${program}: is no program`)
  if ((found.mode & OTHERS_MAY_WRITE) !== 0) {
    throw secretError(`${program}: others may change the program; run chmod go-w`)
  }
}

function run(settings: ExecSettings, argument: string): Promise<string> {
  const [program = '', ...first] = settings.command
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn(program, [...first, argument], {
    shell: false,
    cwd: '/',
    env: environmentOf(settings),
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  let failed = false
  const fail = (why: string) => {
    if (failed) return
    failed = true
    reject(secretError(`${program}: ${why}`))
    endGroup(child)
  }
  const timer = setTimeout(() => fail('the program did not answer in time'), settings.timeoutMs)
  const chunks: Uint8Array[] = []
  let size = 0
  child.stdout?.on('data', (chunk: Uint8Array) => {
    size += chunk.length
    if (size > MAX_OUTPUT_BYTES) fail('the program answered with too much')
    else chunks.push(chunk)
  })
  child.on('error', () => fail('the program can not be run'))
  child.on('close', (code) => {
    clearTimeout(timer)
    if (code !== 0)
      reject(secretError(`${program}: the program ended with ${code === null ? 'a signal' : `code ${code}`}`))
    else resolve(Buffer.concat(chunks).toString('utf8'))
  })
  return promise
}

function environmentOf({ environment }: ExecSettings): Record<string, string> {
  const given = environment.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { PATH, LANG: 'C.UTF-8', ...Object.fromEntries(given) }
}

/** The program leads a process group, so that what it started ends with it. */
function endGroup(child: ChildProcess): void {
  child.stdout?.destroy()
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}
