import type { Logger } from 'pino'
import type { Config, DynamicAccount } from './config/config.ts'
import { asSallyportError, SallyportError } from './errors.ts'
import { createLiveCheck } from './oidc/live_check.ts'
import { createTokenVerifier } from './oidc/token_verifier.ts'
import { narrowRole } from './policy/narrow.ts'
import type { ListenerSettings, LiveSettings } from './proxy/context.ts'
import type { Secrets } from './secrets/live_secrets.ts'
import type {
  Catalogs,
  Clock,
  Credential,
  LiveCheck,
  LiveCredential,
  Notes,
  PolicySource,
  Target,
  Tokens,
} from './session/ports.ts'
import { type CatalogChange, createCatalogs, type LiveCatalogs } from './upstream/catalogs.ts'
import { createFormerNames, type FormerNames } from './upstream/former_names.ts'

/** The configuration in force, behind the ports that the proxy asks; `swap` exchanges all of it at once. */
export class LiveConfig {
  readonly policy: PolicySource
  readonly catalogs: Catalogs
  readonly tokens: Tokens
  readonly liveCheck: LiveCheck
  readonly #clock: Clock
  readonly #secrets: Secrets
  readonly #log: Logger
  readonly #ready: (target: string) => void
  readonly #notes: Notes
  readonly #formerNames: FormerNames
  #beforeCatalog: (change: CatalogChange) => Promise<void> = async () => {}
  #config: Config
  #targets: ReadonlyMap<string, Target>
  #catalogs: LiveCatalogs
  #tokens: Tokens

  /** `ready` is told the name of a target whose catalog may be relied on again. */
  constructor(
    config: Config,
    secrets: Secrets,
    clock: Clock,
    log: Logger,
    notes: Notes,
    ready: (target: string) => void,
  ) {
    this.#secrets = secrets
    this.#ready = ready
    this.#notes = notes
    this.#formerNames = createFormerNames(notes.read())
    this.#clock = clock
    this.#log = log
    this.#config = config
    this.#targets = targetsOf(config)
    this.#catalogs = this.#readCatalogs(config)
    this.#tokens = createTokenVerifier(config.oidc, { clock })
    const digest = () => this.#config.digest
    this.policy = {
      get configDigest() {
        return digest()
      },
      roleOf: (grant) => {
        const role = this.#config.roles.get(grant.role)
        return role && narrowRole(role, grant.narrowing)
      },
      masking: () => this.#config.masking,
    }
    this.catalogs = {
      current: (target, database) => this.#catalogs.current(target, database),
      ensure: (target, database) => this.#catalogs.ensure(target, database),
      latest: (target, database) => this.#catalogs.latest(target, database),
      awaited: (target, database) => this.#catalogs.awaited(target, database),
      invalidate: (target, reason) => this.#catalogs.invalidate(target, reason),
      recheck: (target) => this.#catalogs.recheck(target),
    }
    this.tokens = { verify: (token) => this.#tokens.verify(token) }
    this.liveCheck = createLiveCheck(() => this.#config.oidc, {
      clock,
      checked: (answer, detail) => log.debug({ answer, detail }, 'the identity provider was asked about a session'),
    })
  }

  get config(): Config {
    return this.#config
  }

  get settings(): LiveSettings {
    const { issuer, scopes } = this.#config.oidc
    return { targets: this.#targets, limits: this.#config.node.limits, signIn: { issuer, scopes } }
  }

  /** The certificate in force for an address is that of the newest configuration. */
  listener(listener: ListenerSettings): ListenerSettings {
    const { listeners } = this.#config.node
    return listeners.find(({ host, port }) => host === listener.host && port === listener.port) ?? listener
  }

  accountOf(target: string, role: string): Credential {
    const account = this.#config.staticAccounts.get(target)
    const credential = account?.byRole.get(role) ?? account?.default
    if (!credential) throw new SallyportError('SP-UPSTREAM', `no account is configured for ${target}`)
    return credential
  }

  /** The admin login of a target, followed through rotations of its secret. */
  loginOf({ name }: Target): LiveCredential {
    const login = this.#config.logins.get(name)?.admin
    if (!login) throw new SallyportError('SP-UPSTREAM', `no target ${name} is configured`)
    return this.#secrets.credential(login.reference, login.user)
  }

  /** True where each session of the target has an account of its own. */
  makesAccounts(target: string): boolean {
    return this.#config.dynamicAccounts.has(target)
  }

  /** How they are made for a role; for `''`, the role that says nothing of its own. */
  accountSettingsOf(target: string, role: string): DynamicAccount {
    const accounts = this.#config.dynamicAccounts.get(target)
    if (!accounts) throw new SallyportError('SP-UPSTREAM', `no accounts are made on ${target}`)
    return accounts.byRole.get(role) ?? accounts.default
  }

  /** Where the accounts of a target are made: of a replica, its primary. */
  primaryOf(target: Target): Target {
    const name = this.#config.dynamicAccounts.get(target.name)?.replicaOf ?? target.name
    return this.#targets.get(name) ?? target
  }

  /** Waited for, within bounds, before a catalog that was read is relied on; it rejects never. Gives the way to stop. */
  beforeCatalog(follow: (change: CatalogChange) => Promise<void>): () => void {
    this.#beforeCatalog = follow
    return () => {
      this.#beforeCatalog = async () => {}
    }
  }

  swap(next: Config): void {
    const sameTargets = JSON.stringify(this.#config.tree.targets) === JSON.stringify(next.tree.targets)
    this.#config = next
    this.#targets = targetsOf(next)
    this.#tokens = createTokenVerifier(next.oidc, { clock: this.#clock })
    if (sameTargets) return
    this.#catalogs.close()
    this.#catalogs = this.#readCatalogs(next)
  }

  /** Reads each target's catalog ahead of the first login, which then need not wait; one that fails is told in the log. */
  warm(): void {
    for (const target of this.#targets.values()) {
      this.#catalogs
        .ensure(target, target.engine === 'postgres' ? target.defaultDatabase : '')
        .catch((error: unknown) => {
          this.#log.warn(
            { target: target.name, detail: asSallyportError(error).detail },
            'the catalog can not be read yet',
          )
        })
    }
  }

  close(): void {
    this.#catalogs.close()
  }

  #readCatalogs(config: Config): LiveCatalogs {
    return createCatalogs({
      targets: config.targets,
      clock: this.#clock,
      loginOf: (target) => this.loginOf(target),
      account: ({ name }) => config.staticAccounts.get(name)?.default.user ?? null,
      formerNames: this.#formerNames,
      notes: this.#notes,
      ready: this.#ready,
      before: (change) => this.#beforeCatalog(change),
      log: ({ failed, ...event }) => {
        if (failed) this.#log.warn(event, 'reading a catalog failed')
        else this.#log.debug(event, 'a catalog may have changed')
      },
    })
  }
}

function targetsOf(config: Config): ReadonlyMap<string, Target> {
  return new Map(config.targets.map((target) => [target.name, target]))
}
