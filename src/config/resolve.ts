import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SallyportError } from '../errors.ts'
import { type Place, problemAt } from './merge.ts'
import type { Path, Problem } from './problem.ts'

/** Gives the text of a secret reference; a relative path starts at `baseDir`. Rejects with `SP-CONFIG`. */
export type SecretResolver = (reference: string, baseDir: string) => Promise<string>

const MIN_KEY_BYTES = 32

/** Reads what the configuration refers to; what fails becomes a problem at its line, and null. */
export class Resolver {
  readonly #dir: string
  readonly #secrets: SecretResolver
  readonly #problems: Problem[]

  constructor(dir: string, secrets: SecretResolver, problems: Problem[]) {
    this.#dir = dir
    this.#secrets = secrets
    this.#problems = problems
  }

  path(relative: string): string {
    return resolve(this.#dir, relative)
  }

  async secret(reference: string, place: Place, below: Path): Promise<string | null> {
    try {
      return await this.#secrets(reference, this.#dir)
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
