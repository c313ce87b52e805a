import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SallyportError } from '../errors.ts'
import type { Credential, SecretVersion } from '../session/ports.ts'
import { NO_PROVIDERS, parseSecretReference, providerProblem, type SecretSettings } from '../session/secret_settings.ts'
import { type Place, problemAt } from './merge.ts'
import type { Path, Problem } from './problem.ts'

/**
 * Gives a secret by its reference, with the name of the account where there is one; a relative path starts at `baseDir`.
 * Rejects with `SP-CONFIG`.
 */
export type SecretResolver = (
  reference: string,
  baseDir: string,
  settings: SecretSettings,
) => Promise<string | SecretVersion>

const MIN_KEY_BYTES = 32

/** Reads what the configuration refers to; what fails becomes a problem at its line, and null. */
export class Resolver {
  readonly #dir: string
  readonly #secrets: SecretResolver
  readonly #problems: Problem[]
  /** The providers of secrets, as soon as they are known. */
  settings: SecretSettings = NO_PROVIDERS

  constructor(dir: string, secrets: SecretResolver, problems: Problem[]) {
    this.#dir = dir
    this.#secrets = secrets
    this.#problems = problems
  }

  path(relative: string): string {
    return resolve(this.#dir, relative)
  }

  async secret(reference: string, place: Place, below: Path): Promise<string | null> {
    return (await this.#read(reference, place, below))?.value ?? null
  }

  /** A user with their password: the name that comes with the secret, else the one that the configuration gives. */
  async login(reference: string, user: string | null, place: Place, below: Path): Promise<Credential | null> {
    const secret = await this.#read(reference, place, [...below, 'password'])
    if (secret === null) return null
    const name = secret.user ?? user
    if (name !== null) return { user: name, password: secret.value }
    this.#problems.push(problemAt(place, [...below, 'user'], 'is missing, and the secret names no user'))
    return null
  }

  problem(problem: Problem): void {
    this.#problems.push(problem)
  }

  async #read(reference: string, place: Place, below: Path): Promise<{ value: string; user: string | null } | null> {
    const parsed = parseSecretReference(reference)
    const wrong = parsed === null ? null : providerProblem(parsed, this.settings)
    if (wrong !== null) {
      this.#problems.push(problemAt(place, below, wrong))
      return null
    }
    try {
      const found = await this.#secrets(reference, this.#dir, this.settings)
      return typeof found === 'string' ? { value: found, user: null } : found
    } catch (error) {
      const message = error instanceof SallyportError ? error.detail : 'the secret could not be read'
      this.#problems.push(problemAt(place, below, message, 'unresolved'))
      return null
    }
  }

  async file(path: string, place: Place, below: Path): Promise<string | null> {
    try {
      return await readFile(this.path(path), 'utf8')
    } catch {
      this.#problems.push(problemAt(place, below, `${path}: the file can't be read`, 'unresolved'))
      return null
    }
  }

  /** A file with at least one certificate. */
  async certificates(path: string, place: Place, below: Path): Promise<string | null> {
    const pem = await this.file(path, place, below)
    if (pem === null || parseCertificate(pem) !== null) return pem
    this.#problems.push(problemAt(place, below, `${path}: holds no PEM certificate`))
    return null
  }

  /** Key material of a keyed mask: base64 of at least 32 bytes. */
  async key(reference: string, place: Place): Promise<Uint8Array | null> {
    const text = await this.secret(reference, place, [])
    if (text === null) return null
    const key = /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null
    if (key !== null && key.length >= MIN_KEY_BYTES) return new Uint8Array(key)
    this.#problems.push(problemAt(place, [], 'must hold base64 of at least 32 random bytes'))
    return null
  }

  /** A certificate with the key that belongs to it. */
  async keyPair(tls: { readonly cert: string; readonly key: string }, place: Place, below: Path) {
    const cert = await this.certificates(tls.cert, place, [...below, 'cert'])
    const key = await this.secret(tls.key, place, [...below, 'key'])
    if (cert === null || key === null) return null
    if (belongTogether(cert, key)) return { cert, key }
    this.#problems.push(problemAt(place, [...below, 'key'], 'is not the private key of the certificate'))
    return null
  }
}

function parseCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem)
  } catch {
    return null
  }
}

function belongTogether(cert: string, key: string): boolean {
  try {
    return parseCertificate(cert)?.checkPrivateKey(createPrivateKey(key)) ?? false
  } catch {
    return false
  }
}
