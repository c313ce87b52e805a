import { createHash } from 'node:crypto'
import type { Privileges, RelationPrivileges } from '../policy/privileges.ts'
import type { Target } from '../session/ports.ts'
import type { Catalog } from '../sql/catalog.ts'
import type { AccountSetup } from './accounts.ts'

/** What a session's account may do, in the catalog as it is and in those that come after it. */
export interface PrivilegesAtHand {
  /** Equal only where the role, the masking policy and the parameters of the grant are. */
  readonly key: string
  readonly catalog: Catalog
  /** What the policy that the session began under allows there, and no more than the one in force. */
  readonly privilegesIn: (catalog: Catalog) => Promise<Privileges>
}

export type AccountFacts = Omit<AccountSetup, 'privileges' | 'digest' | 'content'>

/** Whether anything may be written stands in the account itself, so accounts that differ in it do not share a name. */
export function setupOf(facts: AccountFacts, key: string, privileges: Privileges, catalog: Catalog): AccountSetup {
  const { target, loginTarget: _, grantEnd: __, ...rest } = facts
  const digest = sha256([placeOf(target), rest, key, privileges.readOnly])
  return { ...facts, privileges, digest, content: contentOf(privileges, catalog) }
}

/** The same accounts, with what they share as a later catalog has it. */
export async function renewedSetup(setup: AccountSetup, at: PrivilegesAtHand, catalog: Catalog): Promise<AccountSetup> {
  const privileges = await at.privilegesIn(catalog)
  return { ...setup, privileges, content: contentOf(privileges, catalog) }
}

/** An unrestricted role has no list of relations: what it gets depends on all that there is. */
function contentOf(privileges: Privileges, catalog: Catalog): string {
  const relations = privileges.relations.map(relationContent)
  return sha256([{ ...privileges, relations }, privileges.unrestricted ? catalog.digest : ''])
}

/** A table or a column that was made again under its name has lost its privileges (PostgreSQL). */
function relationContent({ relation, privileges }: RelationPrivileges): unknown {
  const { schema, name, oid } = relation
  const isWhole = privileges.every(({ privilege, columns }) => privilege === 'select' && columns === null)
  const columns = isWhole ? [] : relation.columns.map((column) => [column.name, column.ordinal])
  return [schema, name, oid, privileges, columns]
}

function placeOf({ name, host, port }: Target): unknown {
  return { name, host, port }
}

function sha256(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}
