import { randomBytes } from 'node:crypto'
import type { Grant } from '../policy/grant.ts'
import type { AccountLedger, AccountSession, Accounts, Clock, OpenedAccount, Target } from '../session/ports.ts'
import type { AccountSettings, AccountSetup, NewLogin } from './accounts.ts'
import { type EndedAccount, Endings } from './accounts_endings.ts'
import { Janitor } from './accounts_janitor.ts'
import { type OpenAccount, type SharedOptions, SharedSetups } from './accounts_shared.ts'
import { WarmPool } from './accounts_warm.ts'
import type { CatalogChange } from './catalogs.ts'

/** The database takes the account's password for so long: a session logs in at once, and never again. */
const LOGIN_WINDOW_MS = 900_000
const JANITOR_MS = 20_000
/** 32 letters and digits: 5 bits each. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const RANDOM_CHARS = 16
const PERSON_CHARS = 8
const PASSWORD_BYTES = 24

export interface LiveAccountsOptions extends SharedOptions {
  /** The node whose accounts these are, as the ledger knows it. */
  readonly node: string
  readonly ledger: AccountLedger
  readonly clock: Clock
  /** Since it was asked for: until the sessions were told to end, and until the account was gone. */
  readonly observe: (what: 'stopped' | 'dropped', ms: number) => void
}

export interface LiveAccounts extends Accounts {
  /** Makes what the accounts of the grant share, before anybody waits for it. Rejects as `open` does. */
  prepare(session: AccountSession, target: Target, grant: Grant): Promise<void>
  /**
   * A catalog was read: open accounts may do from now on what they would get in it. Resolves when that is so, or has failed
   * and was reported; rejects never.
   */
  follow(change: CatalogChange): Promise<void>
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

interface Open extends OpenAccount {
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
  readonly #shared: SharedSetups
  readonly #warm: WarmPool
  readonly #endings: Endings
  readonly #janitor: Janitor

  constructor(options: LiveAccountsOptions) {
    this.#options = options
    this.#shared = new SharedSetups(options, () => this.#open.values())
    this.#endings = new Endings({ ...options, gone: (name) => void this.#own.delete(name) })
    this.#warm = new WarmPool({
      clock: options.clock,
      make: (setup, person, count) => this.#make(setup, person, '', count),
      end: (setup, name) => this.#endings.end(setup, name),
    })
    this.#janitor = new Janitor({ ...options, endings: this.#endings, isOwn: (name) => this.#own.has(name) })
  }

  async open(session: AccountSession, target: Target, grant: Grant): Promise<OpenedAccount> {
    const used = await this.#shared.of(session, target, grant)
    const { setup } = used
    const findings = await this.#shared.findings(setup)
    const login = await this.#loginFor(setup, session)
    const opened = { ...used, name: login.name, grantId: grant.id }
    this.#open.set(session.id, opened)
    await this.#shared.catchUp(opened)
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
    const { setup } = await this.#shared.of(session, target, grant)
    await this.#shared.findings(setup)
  }

  follow(change: CatalogChange): Promise<void> {
    return this.#shared.follow(change)
  }

  async letGo(grantId: string): Promise<void> {
    this.#shared.taken(grantId)
    const ahead = this.#warm.taken(({ setup }) => setup.grantId === grantId)
    await Promise.all(ahead.map(({ setup, name }) => this.#endings.end(setup, name)))
  }

  async dropGrant(grantId: string): Promise<readonly EndedAccount[]> {
    const isOf = ({ setup }: { readonly setup: AccountSetup }) => setup.grantId === grantId
    const opened = [...this.#open].filter(([, one]) => one.grantId === grantId)
    for (const [id] of opened) this.#open.delete(id)
    const all = [...opened.map(([, one]) => one), ...this.#warm.taken(isOf)]
    const ended = await Promise.all(all.map(({ setup, name }) => this.#endings.end(setup, name)))
    const places = new Map(this.#shared.taken(grantId).map((setup) => [setup.target.name, setup]))
    await Promise.all([...places.values()].map((setup) => this.#sweep(setup.target, setup.settings)))
    return ended
  }

  async clean(targets: readonly Target[]): Promise<void> {
    await this.#warm.endOld()
    await this.#shared.retry()
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
    try {
      await this.#options.engineOf(target).sweep(target, settings, this.#shared.digests)
    } catch (error) {
      this.#options.report({ kind: 'failed', target: target.name, name: null, error })
    }
  }

  /** Nobody waits for these; the next session makes its own where there are none. */
  async #fillWarm(setup: AccountSetup, person: string): Promise<void> {
    try {
      await this.#warm.fill(setup, person)
    } catch (error) {
      this.#options.report({ kind: 'failed', target: setup.target.name, name: null, error })
    }
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
      await this.#shared.makeAgain(setup)
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
