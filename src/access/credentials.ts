import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Grant } from '../policy/grant.ts'
import { credentialEvent } from './locks.ts'
import type { AccessSettings } from './policy.ts'
import type { ClientCertificate, ConnectionPassword } from './records.ts'
import { type Act, FIRST_VERSION, type Transition } from './transition.ts'

/** Shorter would end before it was pasted. */
const MIN_PASSWORD_MS = 300_000

type Verifiers = Pick<ConnectionPassword, 'scram' | 'sha2' | 'digest'>

/**
 * What is issued is vouched for by a login that still holds. Whoever shows a certificate is the person of a login that is
 * long over, perhaps: they would renew it for ever, whatever became of them at the provider. Throws `SP-FRESH-LOGIN`.
 */
export function checkVouched({ now }: Pick<Act, 'now'>, { expiresAt }: Identity): void {
  if (now < expiresAt) return
  throw new SallyportError(
    'SP-FRESH-LOGIN',
    'passwords and certificates are issued to who shows a token, and it has expired',
  )
}

/** A connection password never outlives its grant. A grant of its last minutes gives one that is as short. */
export function issuePassword(
  act: Act,
  id: string,
  identity: Identity,
  grant: Grant,
  verifiers: Verifiers,
  durationMs: number | null,
  { maxPasswordMs }: AccessSettings,
): { readonly record: ConnectionPassword; readonly transition: Transition } {
  if (durationMs !== null && (durationMs < MIN_PASSWORD_MS || durationMs > maxPasswordMs)) {
    const [least, most] = [MIN_PASSWORD_MS, maxPasswordMs].map((ms) => Math.round(ms / 60_000))
    throw new SallyportError('SP-REQUEST', `a connection password lasts ${least} to ${most} minutes`)
  }
  const { scram, sha2, digest } = verifiers
  const record: ConnectionPassword = {
    id,
    version: FIRST_VERSION,
    identity,
    target: grant.target,
    grantId: grant.id,
    scram,
    sha2,
    digest,
    createdAt: act.now,
    expiresAt: Math.min(grant.end, act.now + (durationMs ?? maxPasswordMs)),
    revokedAt: null,
  }
  const about = { target: grant.target, grantId: grant.id }
  return {
    record,
    transition: {
      writes: [{ into: 'passwords', how: 'insert', record }],
      events: [credentialEvent(act, 'password.issued', record, null, about)],
    },
  }
}

export function checkedCertificateMs(durationMs: number | null, { maxCertificateMs }: AccessSettings): number {
  if (durationMs === null) return maxCertificateMs
  if (durationMs > 0 && durationMs <= maxCertificateMs) return durationMs
  const most = Math.round(maxCertificateMs / 60_000)
  throw new SallyportError('SP-REQUEST', `a certificate lasts at most ${most} minutes`)
}

export function issueCertificate(
  act: Act,
  identity: Identity,
  made: {
    readonly serial: string
    readonly fingerprint: string
    readonly issuedAt: number
    readonly expiresAt: number
  },
): { readonly record: ClientCertificate; readonly transition: Transition } {
  const { serial, fingerprint, issuedAt, expiresAt } = made
  const record: ClientCertificate = {
    id: serial,
    version: FIRST_VERSION,
    identity,
    fingerprint,
    issuedAt,
    expiresAt,
    revokedAt: null,
  }
  return {
    record,
    transition: {
      writes: [{ into: 'certificates', how: 'insert', record }],
      events: [credentialEvent(act, 'certificate.issued', record, null, {})],
    },
  }
}
