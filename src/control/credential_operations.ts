import { randomBytes } from 'node:crypto'
import type {
  AccessControl,
  Caller,
  IssuedCertificate,
  IssuedPassword,
  NewCertificate,
  NewPassword,
} from '../access/control.ts'
import { checkedCertificateMs, checkVouched, issueCertificate, issuePassword } from '../access/credentials.ts'
import { revokeCertificate, revokePassword } from '../access/locks.ts'
import { isSelf } from '../access/person.ts'
import type { AccessPolicy } from '../access/policy.ts'
import type { ReadTx } from '../access/ports.ts'
import type { Act } from '../access/transition.ts'
import { SallyportError } from '../errors.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import type { Grant } from '../policy/grant.ts'
import { chooseGrant } from '../policy/grants.ts'
import {
  makeConnectionPassword,
  PASSWORD_RANDOM_BYTES,
  PASSWORD_SALT_BYTES,
  saltOfVerifier,
} from '../session/connection_password.ts'
import { all, page } from './listing.ts'
import { checkCredentialRoom } from './room.ts'
import { acting, type ControlDeps, checkLocks, isAllowed, notFound, transact } from './running.ts'

type CredentialOperations = Pick<
  AccessControl,
  'issuePassword' | 'revokePassword' | 'passwords' | 'issueCertificate' | 'revokeCertificate' | 'certificates'
>

export function credentialOperations(deps: ControlDeps): CredentialOperations {
  return {
    issuePassword: (caller, input) =>
      acting(deps, caller, 'credential.issue', input.target, (act, policy) =>
        password(deps, caller, act, policy, input),
      ),
    revokePassword: (caller, id) =>
      acting(deps, caller, 'self.read', id, (act) =>
        transact(deps, async (tx, apply) => {
          const record = await tx.passwords.get(id)
          if (record === undefined || !mayRevoke(deps, caller, record.identity)) throw notFound('password', id)
          return (await apply(revokePassword(act, record, null))).of('passwords', id)
        }),
      ),
    passwords: (caller, query) =>
      acting(deps, caller, query.all ? 'credential.read_all' : 'self.read', 'passwords', () =>
        deps.store.read((tx) => page(tx.passwords, query.all ? {} : { person: personKey(caller.identity) }, query)),
      ),
    issueCertificate: (caller, input) =>
      acting(deps, caller, 'credential.issue', 'certificate', (act, policy) =>
        certificate(deps, caller, act, policy, input),
      ),
    revokeCertificate: (caller, id) =>
      acting(deps, caller, 'self.read', id, (act) =>
        transact(deps, async (tx, apply) => {
          const record = await tx.certificates.get(id)
          if (record === undefined || !mayRevoke(deps, caller, record.identity)) throw notFound('certificate', id)
          return (await apply(revokeCertificate(act, record, null))).of('certificates', id)
        }),
      ),
    certificates: (caller, query) =>
      acting(deps, caller, query.all ? 'credential.read_all' : 'self.read', 'certificates', () =>
        deps.store.read((tx) => page(tx.certificates, query.all ? {} : { person: personKey(caller.identity) }, query)),
      ),
  }
}

function mayRevoke(deps: ControlDeps, caller: Caller, holder: Identity): boolean {
  return isSelf(caller.identity, holder) || isAllowed(deps, caller, 'credential.revoke')
}

async function password(
  deps: ControlDeps,
  { identity }: Caller,
  act: Act,
  policy: AccessPolicy,
  input: NewPassword,
): Promise<IssuedPassword> {
  checkVouched(act, identity)
  const id = deps.ids.uuid()
  const random = new Uint8Array(randomBytes(PASSWORD_RANDOM_BYTES))
  return transact(deps, async (tx, apply) => {
    await checkCredentialRoom(tx, 'passwords', identity, act.now)
    const grant = await grantFor(tx, identity, act.now, policy, input)
    await checkLocks(tx, act.now, { target: grant.target, grant: grant.id })
    const made = makeConnectionPassword(random, await saltFor(tx, identity, act.now, grant.target))
    const issued = issuePassword(act, id, identity, grant, made, input.durationMs, policy.settings)
    const record = (await apply(issued.transition)).of('passwords', id)
    const person = identity.email ?? identity.subject
    return { record, password: made.password, user: `${person}/${grant.target}/${grant.role}` }
  })
}

/** The one that a session would run under. */
async function grantFor(
  tx: ReadTx,
  identity: Identity,
  now: number,
  { fileGrants }: AccessPolicy,
  { target, role, grantId }: NewPassword,
): Promise<Grant> {
  const stored = await all(tx.grants, { person: personKey(identity), target, state: 'active' })
  const grants = [...stored.map(({ grant }) => grant), ...fileGrants].filter(
    ({ id }) => grantId === null || id === grantId,
  )
  return chooseGrant(identity, { version: 0, grants }, target, role, now)
}

/** A SCRAM exchange has one salt, so all live passwords of a person for a target share theirs. */
async function saltFor(tx: ReadTx, identity: Identity, now: number, target: string): Promise<Uint8Array> {
  const live = await all(tx.passwords, { person: personKey(identity), revokedAt: null, expiresAt: { from: now } })
  const latest = live.filter((one) => one.target === target).at(-1)
  return (latest && saltOfVerifier(latest.scram)) ?? new Uint8Array(randomBytes(PASSWORD_SALT_BYTES))
}

async function certificate(
  deps: ControlDeps,
  { identity }: Caller,
  act: Act,
  { settings }: AccessPolicy,
  { publicKey, durationMs }: NewCertificate,
): Promise<IssuedCertificate> {
  checkVouched(act, identity)
  const { authority } = deps
  if (authority === null)
    throw new SallyportError('SP-NOT-CONFIGURED', 'no authority for client certificates is configured')
  const made = await authority.issue(publicKey, identity, act.now + checkedCertificateMs(durationMs, settings))
  return transact(deps, async (tx, apply) => {
    await checkCredentialRoom(tx, 'certificates', identity, act.now)
    const { transition } = issueCertificate(act, identity, made)
    const record = (await apply(transition)).of('certificates', made.serial)
    return { record, certificate: made.certificate, chain: authority.chain, privateKey: made.privateKey }
  })
}
