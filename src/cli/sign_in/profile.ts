import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { SallyportError } from '../../errors.ts'

const OWNER_ONLY = 0o600
const OWNER_ONLY_FOLDER = 0o700

/** What a person's machine keeps of the server that it signed in to; nothing of it is secret. */
const profileSchema = z.strictObject({
  /** The address of the admin API, without a slash at its end. */
  server: z.url(),
  /** PEM of the authorities that the API and the proxy are trusted by; null for the built-in ones. */
  ca: z.string().nullable(),
  issuer: z.url(),
  clientId: z.string().min(1),
  scopes: z.string().min(1),
  /** Which token the server takes. */
  token: z.enum(['access', 'id']),
  resource: z.string().nullable(),
})

export type Profile = z.output<typeof profileSchema>

/** `SALLYPORT_HOME`, else `$XDG_CONFIG_HOME/sallyport`, else `~/.config/sallyport`. */
export function homeFolder(env: Readonly<Record<string, string | undefined>>): string {
  return env.SALLYPORT_HOME ?? join(env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'sallyport')
}

/** Null where nobody has signed in. Throws `SP-CONFIG` where the file is not one of ours. */
export async function readProfile(home: string): Promise<Profile | null> {
  const text = await readText(join(home, PROFILE_FILE))
  if (text === null) return null
  const parsed = profileSchema.safeParse(parseJson(text))
  if (!parsed.success) throw new SallyportError('SP-CONFIG', `${join(home, PROFILE_FILE)} can't be read: log in again`)
  return parsed.data
}

export function writeProfile(home: string, profile: Profile): Promise<void> {
  return writePrivate(home, PROFILE_FILE, JSON.stringify(profile, null, 2))
}

export function removeProfile(home: string): Promise<void> {
  return rm(join(home, PROFILE_FILE), { force: true })
}

const PROFILE_FILE = 'profile.json'

/** Null where there is none. */
export async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new SallyportError('SP-CONFIG', `${path} can't be read`, { cause: error })
  }
}

/** The old text or the new one, for its owner alone: the mode stands before the text does. */
export async function writePrivate(home: string, name: string, text: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: OWNER_ONLY_FOLDER })
  const next = join(home, `${name}.${process.pid}.next`)
  await writeFile(next, '', { mode: OWNER_ONLY })
  await chmod(next, OWNER_ONLY)
  await writeFile(next, `${text}\n`)
  await rename(next, join(home, name))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
