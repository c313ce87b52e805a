import type { ClientCertificate, ConnectionPassword } from '../access/records.ts'
import { personKey } from '../identity/identity.ts'
import type { Credentials, LiveCertificate, LivePassword } from '../session/ports.ts'
import { everyRecord, Snapshot, type SnapshotDeps } from './snapshot.ts'
import type { StoreLocks } from './store_locks.ts'

export interface StoreCredentials extends Credentials {
  close(): Promise<void>
}

interface Live<T> {
  readonly record: T
  /** Monotonic: setting the wall clock back prolongs nothing. */
  readonly deadline: number
}

/** Connection passwords and certificates in memory: none where the store is not heard of. */
export async function createCredentials(deps: SnapshotDeps, locks: StoreLocks): Promise<StoreCredentials> {
  const { clock } = deps
  let passwords = new Map<string, Live<ConnectionPassword>[]>()
  let certificates = new Map<string, Live<ClientCertificate>>()
  const live = <T extends { expiresAt: number }>(record: T): Live<T> => {
    return { record, deadline: clock.monotonic() + record.expiresAt - clock.now() }
  }
  const notExpired = () => ({ revokedAt: null, expiresAt: { from: clock.now() } })
  const ofPasswords = new Snapshot<readonly ConnectionPassword[]>(deps, {
    what: 'passwords',
    load: (tx) => everyRecord(tx.passwords, notExpired()),
    loaded: (records) => {
      passwords = Map.groupBy(
        keepDeadlines(records.map(live), [...passwords.values()].flat()),
        ({ record }) => record.target,
      )
    },
  })
  const ofCertificates = new Snapshot<readonly ClientCertificate[]>(deps, {
    what: 'certificates',
    load: (tx) => everyRecord(tx.certificates, notExpired()),
    loaded: (records) => {
      const kept = keepDeadlines(records.map(live), [...certificates.values()])
      certificates = new Map(kept.map((each) => [each.record.id, each]))
    },
  })
  await ofPasswords.start()
  await ofCertificates.start()
  const stands = ({ record, deadline }: Live<{ readonly expiresAt: number }>, leaseUntil: number) => {
    const monotonic = clock.monotonic()
    return clock.now() < record.expiresAt && monotonic < deadline && monotonic < leaseUntil
  }
  return {
    passwordsFor: (target) =>
      (passwords.get(target) ?? [])
        .filter((each) => stands(each, ofPasswords.leaseUntil()))
        .map(({ record }) => record)
        .filter(({ identity, grantId }) => !locks.lockedBy({ person: personKey(identity), target, grantId }))
        .map(passwordOf),
    certificate: (serial) => {
      const found = certificates.get(serial)
      if (!found || !stands(found, ofCertificates.leaseUntil())) return null
      const person = personKey(found.record.identity)
      return locks.lockedBy({ person, target: '', grantId: null }) ? null : certificateOf(found.record)
    },
    close: async () => {
      await ofPasswords.close()
      await ofCertificates.close()
    },
  }
}

/** What was known keeps the deadline that it had when it was first seen. */
function keepDeadlines<T extends { readonly id: string; readonly expiresAt: number }>(
  now: readonly Live<T>[],
  before: readonly Live<T>[],
): Live<T>[] {
  const known = new Map(before.map((each) => [each.record.id, each]))
  return now.map((each) => ({
    record: each.record,
    deadline: Math.min(each.deadline, known.get(each.record.id)?.deadline ?? each.deadline),
  }))
}

function passwordOf(record: ConnectionPassword): LivePassword {
  const { id, identity, target, grantId, scram, sha2, digest, createdAt, expiresAt } = record
  return { id, identity, target, grantId, scram, sha2, digest, createdAt, expiresAt }
}

function certificateOf({ id, identity, fingerprint, expiresAt }: ClientCertificate): LiveCertificate {
  return { id, identity, fingerprint, expiresAt }
}
