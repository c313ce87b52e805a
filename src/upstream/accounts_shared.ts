import { LRUCache } from 'lru-cache'
import type { Grant } from '../policy/grant.ts'
import type { AccountSession, Target } from '../session/ports.ts'
import type { Catalog } from '../sql/catalog.ts'
import type { AccountEngine, AccountSettings, AccountSetup } from './accounts.ts'
import type { AccountNote } from './accounts_endings.ts'
import { type PrivilegesAtHand, renewedSetup, setupOf } from './accounts_setups.ts'
import type { CatalogChange } from './catalogs.ts'

const SETUPS_MAX = 1_000
/** Databases whose newest catalog is remembered, as many as there are snapshots. */
const CATALOGS_MAX = 512

export interface UsedSetup {
  readonly setup: AccountSetup
  readonly at: PrivilegesAtHand
  /** That the setup was worked out in. */
  readonly catalog: Catalog
}

export interface OpenAccount extends UsedSetup {
  readonly name: string
}

export interface SharedOptions {
  readonly engineOf: (target: Target) => AccountEngine
  /** Where the accounts of a target are made: itself, or its primary. */
  readonly primaryOf: (target: Target) => Target
  readonly settingsOf: (target: Target, role: string) => AccountSettings
  readonly privilegesOf: (session: AccountSession, target: Target, grant: Grant) => Promise<PrivilegesAtHand>
  /** What the audit log and the operators hear of; never a secret. */
  readonly report: (note: AccountNote) => void
}

interface Prepared {
  readonly setup: AccountSetup
  readonly findings: Promise<readonly string[]>
}

/** What accounts share: made once for a grant in a database, and kept as the catalog says while sessions use it. */
export class SharedSetups {
  readonly #options: SharedOptions
  readonly #open: () => Iterable<OpenAccount>
  readonly #setups = new LRUCache<string, AccountSetup>({ max: SETUPS_MAX })
  readonly #prepared = new LRUCache<string, Prepared>({ max: SETUPS_MAX })
  /** The newest catalog that was told of a place: whoever began with an older one catches up. */
  readonly #told = new LRUCache<string, Catalog>({ max: CATALOGS_MAX })
  /** Places where something could not be brought up to date. */
  readonly #behind = new Set<string>()

  constructor(options: SharedOptions, open: () => Iterable<OpenAccount>) {
    this.#options = options
    this.#open = open
  }

  get digests(): ReadonlySet<string> {
    return new Set(this.#prepared.keys())
  }

  async of(session: AccountSession, target: Target, grant: Grant): Promise<UsedSetup> {
    const at = await this.#options.privilegesOf(session, target, grant)
    const settings = this.#options.settingsOf(target, grant.role)
    const { statementTimeoutMs, lockTimeoutMs } = session.role.limits
    const facts = {
      target: this.#options.primaryOf(target),
      loginTarget: target,
      database: session.database,
      grantId: grant.id,
      grantEnd: grant.end,
      role: grant.role,
      settings,
      limits: { statementTimeoutMs, lockTimeoutMs },
    }
    const catalog = this.#told.get(placeOf(facts)) ?? at.catalog
    const { name, host, port } = target
    const key = JSON.stringify([
      at.key,
      catalog.digest,
      grant.id,
      grant.end,
      name,
      host,
      port,
      facts.database,
      settings,
    ])
    const known = this.#setups.get(key)
    if (known) return { setup: known, at, catalog }
    const setup = setupOf(facts, at.key, await at.privilegesIn(catalog), catalog)
    this.#setups.set(key, setup)
    return { setup, at, catalog }
  }

  /** Makes what the accounts of a setup share, or renews it, unless that was done; one at a time for a digest. */
  findings(setup: AccountSetup): Promise<readonly string[]> {
    const { digest } = setup
    const known = this.#prepared.get(digest)
    if (known?.setup.content === setup.content) return known.findings
    const names = [...this.#open()].flatMap((one) => (one.setup.digest === digest ? [one.name] : []))
    const prepare = () => this.#options.engineOf(setup.target).prepare(setup, names)
    const findings = known ? known.findings.then(prepare, prepare) : prepare()
    this.#prepared.set(digest, { setup, findings })
    findings.then(
      (all) => all.length > 0 && this.#options.report({ kind: 'findings', setup, findings: all }),
      () => this.#prepared.get(digest)?.findings === findings && this.#prepared.delete(digest),
    )
    return findings
  }

  /** It may have been swept by another node, or dropped by hand: then it is made again, as the newest catalog has it. */
  async makeAgain(setup: AccountSetup): Promise<void> {
    const newest = this.#prepared.get(setup.digest)?.setup ?? setup
    this.#prepared.delete(setup.digest)
    await this.findings(newest)
  }

  /** Takes out those of a grant: a session of it makes them again. */
  taken(grantId: string): readonly AccountSetup[] {
    const setups = [...this.#prepared.values()].map(({ setup }) => setup).filter((one) => one.grantId === grantId)
    for (const { digest } of setups) this.#prepared.delete(digest)
    return setups
  }

  /** A database has this catalog from now on: what open accounts share follows. Rejects never; what fails is reported. */
  async follow({ target, database, catalog }: CatalogChange): Promise<void> {
    const place = JSON.stringify([target, database])
    if (this.#told.get(place)?.digest === catalog.digest) return
    this.#told.set(place, catalog)
    await this.#renewAt(place)
  }

  /** The account was opened while its catalog changed. Rejects never. */
  async catchUp(opened: OpenAccount): Promise<void> {
    const told = this.#told.get(placeOf(opened.setup))
    if (told && told !== opened.catalog) await this.#renew(opened, told)
  }

  /** What could not be brought up to date is tried again. */
  async retry(): Promise<void> {
    for (const place of [...this.#behind]) await this.#renewAt(place)
  }

  async #renewAt(place: string): Promise<void> {
    this.#behind.delete(place)
    const used = new Map([...this.#open()].map((one) => [one.setup.digest, one]))
    // In turn: a grant on a table that another grant is on at the same moment is an error of PostgreSQL.
    for (const one of used.values()) {
      const catalog = this.#told.get(place)
      if (catalog && placeOf(one.setup) === place) await this.#renew(one, catalog)
    }
  }

  async #renew({ setup, at }: UsedSetup, catalog: Catalog): Promise<void> {
    try {
      await this.findings(await renewedSetup(setup, at, catalog))
    } catch (error) {
      this.#behind.add(placeOf(setup))
      this.#options.report({ kind: 'failed', target: setup.target.name, name: null, error })
    }
  }
}

/** MySQL has one catalog for all databases. */
function placeOf({ loginTarget, database }: Pick<AccountSetup, 'loginTarget' | 'database'>): string {
  return JSON.stringify([loginTarget.name, loginTarget.engine === 'mysql' ? '' : database])
}
