import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { SallyportError } from '../../errors.ts'
import { readText, writePrivate } from './profile.ts'

const OTHERS_MAY_READ = 0o077
const FILE = 'tokens.json'
const SERVICE = 'sallyport'

const tokensSchema = z.strictObject({
  /** What the server is shown. */
  token: z.string().min(1),
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
  refreshToken: z.string().nullable(),
})

export type Tokens = z.output<typeof tokensSchema>

export interface TokenStore {
  /** For people: where the tokens lie. */
  readonly place: string
  /** Null where there are none. */
  load(): Promise<Tokens | null>
  save(tokens: Tokens): Promise<void>
  remove(): Promise<void>
}

/** The part of a keychain's entry that is used; `@napi-rs/keyring` has it. */
export interface KeychainEntry {
  getPassword(): string | null
  setPassword(password: string): void
  deletePassword(): boolean
}

export type OpenKeychain = (service: string, account: string) => KeychainEntry

/**
 * The operating system's keychain where there is one, else a file for its owner alone. `keychain` null says that none is
 * wanted. A machine without a secret service tells so only when it is asked, so it is asked first.
 */
export function openTokenStore(home: string, server: string, keychain: OpenKeychain | null): TokenStore {
  const entry = keychain === null ? null : usable(keychain, server)
  return entry === null ? fileStore(home) : keychainStore(entry)
}

/** Loaded when it is first needed: a platform without a build of it has the file. */
export async function systemKeychain(): Promise<OpenKeychain | null> {
  try {
    const { Entry } = await import('@napi-rs/keyring')
    return (service, account) => new Entry(service, account)
  } catch {
    return null
  }
}

function usable(keychain: OpenKeychain, server: string): KeychainEntry | null {
  try {
    const entry = keychain(SERVICE, server)
    entry.getPassword()
    return entry
  } catch {
    return null
  }
}

function keychainStore(entry: KeychainEntry): TokenStore {
  return {
    place: 'the keychain',
    load: async () => parse(entry.getPassword()),
    save: async (tokens) => entry.setPassword(JSON.stringify(tokens)),
    remove: async () => {
      if (entry.getPassword() !== null) entry.deletePassword()
    },
  }
}

function fileStore(home: string): TokenStore {
  const path = join(home, FILE)
  return {
    place: path,
    load: async () => {
      const text = await readText(path)
      if (text === null) return null
      if (process.platform !== 'win32' && ((await stat(path)).mode & OTHERS_MAY_READ) !== 0) {
        throw new SallyportError('SP-CONFIG', `${path}: others may read the file; run chmod 600, then log in again`)
      }
      return parse(text)
    },
    save: (tokens) => writePrivate(home, FILE, JSON.stringify(tokens)),
    remove: () => rm(path, { force: true }),
  }
}

function parse(text: string | null): Tokens | null {
  if (text === null) return null
  try {
    return tokensSchema.parse(JSON.parse(text))
  } catch {
    throw new SallyportError('SP-CONFIG', "the stored tokens can't be read: log in again")
  }
}
