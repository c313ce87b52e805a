import { createHash, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Grant } from '../policy/grant.ts'
import type { Privileges } from '../policy/privileges.ts'
import type { AccountLedger, AccountSession, Accounts, Clock, OpenedAccount, Target } from '../session/ports.ts'
import type { AccountEngine, AccountSettings, AccountSetup, NewLogin } from './accounts.ts'
import { type AccountNote, type EndedAccount, Endings } from './accounts_endings.ts'
import { Janitor } from './accounts_janitor.ts'
import { WarmPool } from './accounts_warm.ts'

/** The database takes the account's password for so long: a session logs in at once, and never again. */
const LOGIN_WINDOW_MS = 900_000
const JANITOR_MS = 20_000
const SETUPS_MAX = 1_000
/** 32 letters and digits: 5 bits each. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const RANDOM_CHARS = 16
const PERSON_CHARS = 8
const PASSWORD_BYTES = 24

export interface LiveAccountsOptions {
  /** The node whose accounts these are, as the ledger knows it. */
  readonly node: string
  readonly engineOf: (target: Target) => AccountEngine
  /** Where the accounts of a target are made: itself, or its primary. */
  readonly primaryOf: (target: Target) => Target
  readonly settingsOf: (target: Target, role: string) => AccountSettings
  /** `key` is equal only where the privileges are. */
  readonly privilegesOf: (session: AccountSession, target: Target, grant: Grant) => Promise<PrivilegesAtHand>
  readonly ledger: AccountLedger
  readonly clock: Clock
  /** What the audit log and the operators hear of; never a secret. */
  readonly report: (note: AccountNote) => void
  /** Since it was asked for: until the sessions were told to end, and until the account was gone. */
  readonly observe: (what: 'stopped' | 'dropped', ms: number) => void
}

interface PrivilegesAtHand {
  readonly key: string
  readonly privileges: () => Privileges
}

export interface LiveAccounts extends Accounts {
  /** Makes what the accounts of the grant share, before anybody waits for it. Rejects as `open` does. */
  prepare(session: AccountSession, target: Target, grant: Grant): Promise<void>
  /** The grant is over: accounts made ahead end, and the janitor drops what they shared once no session uses it. */
  letGo(grantId: string): Promise<void>
  /** Ends every account of the grant on this node, those made ahead too. */
  dropGrant(grantId: string): Promise<readonly EndedAccount[]>
  /** One pass of the janitor over the targets; rejects never, what fails is reported. */
  clean(targets: readonly Target[]): Promise<void>
  /** A pass now and every 20 s. Gives the way to stop. */
  keepClean(targets: () => readonly Target[]): () => void
  /** Ends all that is open, at the end of the process. */
  shutDown(): Promise<void>
}

interface Open {
  readonly setup: AccountSetup
  readonly name: string
  /** Of the session now: it may have gone on from the one that the account was made under. */
  readonly grantId: string
}

/** An account for each session, made when it begins and dropped when it ends. */
export function createLiveAccounts(options: LiveAccountsOptions): LiveAccounts {
  return new SessionAccounts(options)
}

class SessionAccounts implements LiveAccounts {
  readonly #options: LiveAccountsOptions
  readonly #open = new Map<string, Open>()
  /** Names that live here, from before they are noted until they are gone. */
  readonly #own = new Set<string>()
  readonly #setups = new LRUCache<string, AccountSetup>({ max: SETUPS_MAX })
  readonly #prepared = new LRUCache<
    string,
    { readonly setup: AccountSetup; readonly findings: Promise<readonly string[]> }
  >({
    max: SETUPS_MAX,
  })
  readonly #warm: WarmPool
  readonly #endings: Endings
  readonly #janitor: Janitor

  constructor(options: LiveAccountsOptions) {
    this.#options = options
    this.#endings = new Endings({ ...options, gone: (name) => void this.#own.delete(name) })
    this.#warm = new WarmPool({
      clock: options.clock,
      make: (setup, person, count) => this.#make(setup, person, '', count),
      end: (setup, name) => this.#endings.end(setup, name),
    })
    this.#janitor = new Janitor({ ...options, endings: this.#endings, isOwn: (name) => this.#own.has(name) })
  }

  async open(session: AccountSession, target: Target, grant: Grant): Promise<OpenedAccount> {
    const setup = await this.#setupOf(session, target, grant)
    const findings = await this.#findings(setup)
    const login = await this.#loginFor(setup, session)
    this.#open.set(session.id, { setup, name: login.name, grantId: grant.id })
    if (setup.settings.warm > 0) void this.#fillWarm(setup, session.person)
    return { user: login.name, password: login.password, findings, limited: true }
  }

  /** What the account may do stays as it is: the grant gives the same. Its expiry is for logging in, which is over. */
  async goOn(sessionId: string, { id: grantId }: Grant): Promise<void> {
    const opened = this.#open.get(sessionId)
    if (!opened || opened.grantId === grantId) return
    this.#open.set(sessionId, { ...opened, grantId })
    const { setup, name } = opened
    const expiresAt = expiryOf(setup, this.#options.clock.now())
    await this.#options.ledger.note({ ...noted(setup, { name, expiresAt }, sessionId), grantId })
  }

  async close(sessionId: string): Promise<void> {
    const opened = this.#open.get(sessionId)
    if (!opened) return
    this.#open.delete(sessionId)
    await this.#endings.end(opened.setup, opened.name)
  }

  async prepare(session: AccountSession, target: Target, grant: Grant): Promise<void> {
    await this.#findings(await this.#setupOf(session, target, grant))
  }

  async letGo(grantId: string): Promise<void> {
    for (const { setup } of [...this.#prepared.values()]) {
      if (setup.grantId === grantId) this.#prepared.delete(setup.digest)
    }
    const ahead = this.#warm.taken(({ setup }) => setup.grantId === grantId)
    await Promise.all(ahead.map(({ setup, name }) => this.#endings.end(setup, name)))
  }

  async dropGrant(grantId: string): Promise<readonly EndedAccount[]> {
    const isOf = ({ setup }: { readonly setup: AccountSetup }) => setup.grantId === grantId
    const opened = [...this.#open].filter(([, one]) => one.grantId === grantId)
    for (const [id] of opened) this.#open.delete(id)
    const all = [...opened.map(([, one]) => one), ...this.#warm.taken(isOf)]
    const ended = await Promise.all(all.map(({ setup, name }) => this.#endings.end(setup, name)))
    const setups = [...this.#prepared.values()].map(({ setup }) => setup).filter((setup) => isOf({ setup }))
    for (const { digest } of setups) this.#prepared.delete(digest)
    const places = new Map(setups.map((setup) => [setup.target.name, setup]))
    await Promise.all([...places.values()].map((setup) => this.#sweep(setup.target, setup.settings)))
    return ended
  }

  async clean(targets: readonly Target[]): Promise<void> {
    await this.#warm.endOld()
    await Promise.all(targets.map((target) => this.#cleanOne(target)))
  }

  keepClean(targets: () => readonly Target[]): () => void {
    let stopped = false
    let timer: NodeJS.Timeout | undefined
    const pass = async (): Promise<void> => {
      await this.clean(targets())
      if (stopped) return
      timer = setTimeout(() => void pass(), JANITOR_MS)
      timer.unref()
    }
    void pass()
    return () => {
      stopped = true
      clearTimeout(timer)
    }
  }

  async shutDown(): Promise<void> {
    const opened = [...this.#open.values(), ...this.#warm.taken(() => true)]
    this.#open.clear()
    await Promise.all(opened.map(({ setup, name }) => this.#endings.end(setup, name)))
    // Of sessions that have just ended the accounts may be on their way.
    await this.#endings.settled()
  }

  async #cleanOne(target: Target): Promise<void> {
    const primary = this.#options.primaryOf(target)
    const settings = this.#options.settingsOf(target, '')
    if (await this.#janitor.pass(primary, target, settings)) await this.#sweep(primary, settings)
  }

  async #sweep(target: Target, settings: AccountSettings): Promise<void> {
    const keep = new Set(this.#prepared.keys())
    try {
      await this.#options.engineOf(target).sweep(target, settings, keep)
    } catch (error) {
      this.#options.report({ kind: 'failed', target: target.name, name: null, error })
    }
  }

  async #setupOf(session: AccountSession, target: Target, grant: Grant): Promise<AccountSetup> {
    const { key, privileges } = await this.#options.privilegesOf(session, target, grant)
    const settings = this.#options.settingsOf(target, grant.role)
    const cacheKey = JSON.stringify([key, grant.id, target.name, target.host, target.port, session.database, settings])
    let setup = this.#setups.get(cacheKey)
    if (!setup) {
      const { statementTimeoutMs, lockTimeoutMs } = session.role.limits
      const content = {
        target: this.#options.primaryOf(target),
        loginTarget: target,
        database: session.database,
        grantId: grant.id,
        grantEnd: grant.end,
        role: grant.role,
        privileges: privileges(),
        settings,
        limits: { statementTimeoutMs, lockTimeoutMs },
      }
      setup = { ...content, digest: digestOf(content, key) }
      this.#setups.set(cacheKey, setup)
    }
    return setup
  }

  /** Nobody waits for these; the next session makes its own where there are none. */
  async #fillWarm(setup: AccountSetup, person: string): Promise<void> {
    try {
      await this.#warm.fill(setup, person)
    } catch (error) {
      this.#options.report({ kind: 'failed', target: setup.target.name, name: null, error })
    }
  }

  #findings(setup: AccountSetup): Promise<readonly string[]> {
    const known = this.#prepared.get(setup.digest)
    if (known) return known.findings
    const findings = this.#options.engineOf(setup.target).prepare(setup)
    this.#prepared.set(setup.digest, { setup, findings })
    findings.then(
      (all) => all.length > 0 && this.#options.report({ kind: 'findings', setup, findings: all }),
      () => this.#prepared.delete(setup.digest),
    )
    return findings
  }

  async #loginFor(setup: AccountSetup, session: AccountSession): Promise<NewLogin> {
    const warm = this.#warm.take(setup, session.person)
    if (warm) {
      await this.#options.ledger.note(noted(setup, warm, session.id))
      return warm
    }
    const [login] = await this.#make(setup, session.person, session.id, 1)
    return login as NewLogin
  }

  /** Noted before they are made: whatever happens in between, the janitor knows of them. */
  async #make(setup: AccountSetup, person: string, sessionId: string, count: number): Promise<readonly NewLogin[]> {
    const { ledger, clock } = this.#options
    const expiresAt = expiryOf(setup, clock.now())
    const engine = this.#options.engineOf(setup.target)
    const logins = Array.from({ length: count }, () => newLogin(person, expiresAt, engine.password?.()))
    for (const { name } of logins) this.#own.add(name)
    try {
      await Promise.all(logins.map((login) => ledger.note(noted(setup, login, sessionId))))
      await this.#created(setup, logins)
    } catch (error) {
      for (const { name } of logins) void this.#endings.end(setup, name)
      throw error
    }
    const { target } = setup
    for (const { name } of logins) {
      ledger.made(target.name, name).catch((error: unknown) => {
        this.#options.report({ kind: 'failed', target: target.name, name, error })
      })
    }
    return logins
  }

  /** What the accounts share may have been swept by another node, or dropped by hand: then it is made again. */
  async #created(setup: AccountSetup, logins: readonly NewLogin[]): Promise<void> {
    const engine = this.#options.engineOf(setup.target)
    try {
      await engine.create(setup, logins)
    } catch {
      this.#prepared.delete(setup.digest)
      await this.#findings(setup)
      await engine.create(setup, logins)
    }
  }
}

function expiryOf({ grantEnd, settings }: AccountSetup, now: number): number {
  return Math.min(grantEnd + settings.ttlMarginMs, now + LOGIN_WINDOW_MS)
}

function noted(
  { target, grantId }: AccountSetup,
  { name, expiresAt }: Pick<NewLogin, 'name' | 'expiresAt'>,
  sessionId: string,
) {
  return { target: target.name, name, sessionId, grantId, expiresAt }
}

function newLogin(
  person: string,
  expiresAt: number,
  password: string = randomBytes(PASSWORD_BYTES).toString('base64url'),
): NewLogin {
  const short =
    person
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '')
      .slice(0, PERSON_CHARS) || 'x'
  const random = Array.from(randomBytes(RANDOM_CHARS), (byte) => ALPHABET[byte & 31]).join('')
  return { name: `sp_${short}_${random}`, password, expiresAt }
}

/** An unrestricted role has no list of relations: what it gets depends on all that `key` stands for. */
function digestOf({ target, privileges, ...rest }: Omit<AccountSetup, 'digest'>, key: string): string {
  const { name, host, port } = target
  const relations = privileges.relations.map(({ relation, privileges: of }) => [relation.schema, relation.name, of])
  const { loginTarget: _, ...content } = rest
  const text = JSON.stringify([
    { name, host, port },
    content,
    { ...privileges, relations },
    privileges.unrestricted && key,
  ])
  return createHash('sha256').update(text).digest('hex')
}
