import { asSallyportError } from '../errors.ts'
import type { SecretReading, SecretVersion } from '../session/ports.ts'
import {
  parseSecretReference,
  providerProblem,
  type SecretReference,
  type SecretSettings,
} from '../session/secret_settings.ts'
import { fingerprint } from './fingerprint.ts'
import { readLocal } from './local_secrets.ts'
import { openProvider } from './open_provider.ts'
import { type ProvidedSecret, type SecretProvider, secretError } from './provider.ts'

/** Reads references, tells of each reading, and keeps one provider open for each that the settings describe. */
export class SecretSource {
  readonly #now: () => number
  readonly #onReading: (reading: SecretReading) => void
  /** By all that they are set up with: another setting is another provider. */
  readonly #providers = new Map<string, SecretProvider>()

  constructor(now: () => number, onReading: (reading: SecretReading) => void) {
    this.#now = now
    this.#onReading = onReading
  }

  /** Rejects with `SP-CONFIG`. */
  async read(reference: string, baseDir: string, settings: SecretSettings): Promise<ProvidedSecret> {
    try {
      const found = await this.#read(reference, baseDir, settings)
      this.#onReading({ reference, version: found.version, ok: true, detail: null })
      return found
    } catch (error) {
      this.failed(reference, error)
      throw error
    }
  }

  /** Versions beside the current one that may be valid too: each is a reading. */
  async others(reference: string, baseDir: string, settings: SecretSettings): Promise<readonly SecretVersion[]> {
    const parsed = parse(reference, settings)
    if (isLocal(parsed)) return []
    try {
      const found = await this.#provider(parsed, baseDir, settings).others(parsed.path, parsed.field)
      for (const { version } of found) this.#onReading({ reference, version, ok: true, detail: null })
      return found
    } catch (error) {
      this.failed(reference, error)
      return []
    }
  }

  failed(reference: string, error: unknown): void {
    const named = parseSecretReference(reference) === null ? '(no reference)' : reference
    this.#onReading({ reference: named, version: null, ok: false, detail: asSallyportError(error).detail })
  }

  /** Closes the providers that these settings don't have. */
  async keepOnly(settings: SecretSettings | null, baseDir: string): Promise<void> {
    const kept = new Set([...(settings?.providers.keys() ?? [])].map((name) => keyOf(name, baseDir, settings)))
    const closing = [...this.#providers].filter(([key]) => !kept.has(key))
    for (const [key] of closing) this.#providers.delete(key)
    await Promise.allSettled(closing.map(([, provider]) => provider.close()))
  }

  async #read(reference: string, baseDir: string, settings: SecretSettings): Promise<ProvidedSecret> {
    const parsed = parse(reference, settings)
    if (!isLocal(parsed)) return this.#provider(parsed, baseDir, settings).read(parsed.path, parsed.field)
    const value = await readLocal(reference, baseDir)
    return { value, user: null, version: fingerprint(value), expiresAt: null, previous: null, lease: null }
  }

  #provider({ provider: name }: SecretReference, baseDir: string, settings: SecretSettings): SecretProvider {
    const key = keyOf(name, baseDir, settings)
    const open = this.#providers.get(key)
    if (open !== undefined) return open
    const described = settings.providers.get(name)
    if (described === undefined) throw secretError(`no provider ${name} stands under secrets.providers`)
    const opened = openProvider(described, baseDir, this.#now)
    this.#providers.set(key, opened)
    return opened
  }
}

function parse(reference: string, settings: SecretSettings): SecretReference {
  const parsed = parseSecretReference(reference)
  if (parsed === null) {
    throw secretError('a secret is given by reference: env:NAME, file:PATH or the path of a provider')
  }
  const problem = providerProblem(parsed, settings)
  if (problem !== null) throw secretError(problem)
  return parsed
}

function isLocal({ scheme }: SecretReference): boolean {
  return scheme === 'env' || scheme === 'file'
}

function keyOf(name: string, baseDir: string, settings: SecretSettings | null): string {
  return JSON.stringify([name, baseDir, settings?.providers.get(name) ?? null])
}
