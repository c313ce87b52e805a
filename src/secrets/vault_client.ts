import { readFile } from 'node:fs/promises'
import { jsonOf, member, textMember } from '../outbound/json_answer.ts'
import { type Incoming, NoAnswer, send } from '../outbound/request.ts'
import type { LocalReference, VaultSettings } from '../session/secret_settings.ts'
import { secretError } from './provider.ts'

/** Asks for another token while so much of the old one's life is left. */
const RENEW_BELOW = 1 / 2
const LOGIN_MARGIN_MS = 5_000

interface Token {
  readonly text: string
  /** Null where it does not end. */
  readonly expiresAt: number | null
  readonly lifeMs: number
  readonly renewable: boolean
}

/** Gives the text of `env:` and `file:` references. */
export type ReadLocal = (reference: LocalReference) => Promise<string>

/** Speaks to HashiCorp Vault or OpenBao, and keeps a token of its own alive (Vault API, /auth/*, /sys/leases/*). */
export class VaultClient {
  readonly #settings: VaultSettings
  readonly #read: ReadLocal
  readonly #now: () => number
  #token: Promise<Token> | null = null
  #logins = 0

  constructor(settings: VaultSettings, read: ReadLocal, now: () => number) {
    this.#settings = settings
    this.#read = read
    this.#now = now
  }

  /** The answer's JSON, or null for 404. A token that is refused is exchanged once. */
  async call(method: 'GET' | 'PUT' | 'POST', path: string, body: object | null = null): Promise<unknown> {
    const first = await this.#send(method, path, body, (await this.#current()).text)
    const answer = first.status === 403 ? await this.#again(method, path, body) : first
    if (answer.status === 404) return null
    if (answer.status === 204) return {}
    if (answer.status !== 200) throw new NoAnswer(`answered with status ${answer.status}`)
    return jsonOf(answer)
  }

  /** How often it has logged in: what was leased under an earlier token ends with that one. */
  get logins(): number {
    return this.#logins
  }

  /** What is leased under the token ends with it. Null where it does not end. */
  async tokenEnd(): Promise<number | null> {
    return (await this.#current()).expiresAt
  }

  async #again(method: 'GET' | 'PUT' | 'POST', path: string, body: object | null): Promise<Incoming> {
    this.#token = null
    return this.#send(method, path, body, (await this.#current()).text)
  }

  /** One login at a time; one that failed is forgotten. */
  async #current(): Promise<Token> {
    const held = this.#token
    if (held === null) return this.#hold(this.#login())
    const token = await held
    if (token.expiresAt === null) return token
    const left = token.expiresAt - this.#now()
    if (left < LOGIN_MARGIN_MS) return this.#replace(held, this.#login())
    if (!token.renewable || left > token.lifeMs * RENEW_BELOW) return token
    return this.#replace(held, this.#renew(token))
  }

  #replace(old: Promise<Token>, next: Promise<Token>): Promise<Token> {
    // Somebody else was faster: then theirs is the one.
    if (this.#token !== old && this.#token !== null) {
      next.catch(() => {})
      return this.#token
    }
    return this.#hold(next)
  }

  async #hold(next: Promise<Token>): Promise<Token> {
    this.#token = next
    try {
      return await next
    } catch (error) {
      if (this.#token === next) this.#token = null
      throw error
    }
  }

  async #login(): Promise<Token> {
    this.#logins++
    const { auth } = this.#settings
    switch (auth.method) {
      case 'token': {
        const text = await this.#read(auth.token)
        return this.#tokenOf(await this.#ask('GET', '/auth/token/lookup-self', null, text), 'data', text)
      }
      case 'approle': {
        const [roleId, secretId] = await Promise.all([this.#read(auth.roleId), this.#read(auth.secretId)])
        const body = { role_id: roleId, secret_id: secretId }
        return this.#tokenOf(await this.#ask('POST', `/auth/${auth.mount}/login`, body, null), 'auth', null)
      }
      case 'kubernetes': {
        const jwt = await readFile(auth.tokenPath, 'utf8').catch(() => {
          throw secretError(`${auth.tokenPath}: the file can't be read`)
        })
        const body = { role: auth.role, jwt: jwt.trim() }
        return this.#tokenOf(await this.#ask('POST', `/auth/${auth.mount}/login`, body, null), 'auth', null)
      }
    }
  }

  /** A token that can't be renewed any more is used up to its end, and replaced by a login then. */
  async #renew(token: Token): Promise<Token> {
    try {
      return this.#tokenOf(await this.#ask('POST', '/auth/token/renew-self', {}, token.text), 'auth', token.text)
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      return { ...token, renewable: false }
    }
  }

  #tokenOf(answer: unknown, under: 'auth' | 'data', given: string | null): Token {
    const about = member(answer, under)
    const text = given ?? textMember(about, 'client_token')
    const seconds = member(about, under === 'data' ? 'ttl' : 'lease_duration')
    if (text === null || typeof seconds !== 'number') throw new NoAnswer('answered a login with something else')
    const lifeMs = seconds * 1000
    const renewable = member(about, 'renewable') === true
    return { text, lifeMs, renewable, expiresAt: seconds === 0 ? null : this.#now() + lifeMs }
  }

  async #ask(method: 'GET' | 'POST', path: string, body: object | null, token: string | null): Promise<unknown> {
    const answer = await this.#send(method, path, body, token)
    if (answer.status !== 200) throw new NoAnswer(`refused the login with status ${answer.status}`)
    return jsonOf(answer)
  }

  #send(method: 'GET' | 'PUT' | 'POST', path: string, body: object | null, token: string | null): Promise<Incoming> {
    const { address, namespace, ca, timeoutMs } = this.#settings
    return send({
      url: `${address.replace(/\/$/, '')}/v1${path}`,
      method,
      headers: {
        'x-vault-request': 'true',
        ...(token !== null && { 'x-vault-token': token }),
        ...(namespace !== null && { 'x-vault-namespace': namespace }),
        ...(body !== null && { 'content-type': 'application/json' }),
      },
      ...(body !== null && { body: JSON.stringify(body) }),
      ca,
      timeoutMs,
    })
  }
}
