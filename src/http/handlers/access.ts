import type { credentialOperations } from '../contract/credentials.ts'
import type { lockOperations } from '../contract/locks.ts'
import type { sessionOperations } from '../contract/sessions.ts'
import type { targetOperations } from '../contract/targets.ts'
import { cursorOf, pageOf } from '../cursor.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'
import { given } from './given.ts'

export function sessionHandlers({ control }: ApiDeps): Handlers<keyof typeof sessionOperations> {
  return {
    listSessions: async ({ caller, input: { query } }) => {
      const { view, ended, target, grant } = query
      const wanted = { ...pageOf(query), view, ended, ...given({ target, grantId: grant }) }
      const { items, next } = await control.sessions(caller, wanted)
      return { items, nextCursor: cursorOf(next) }
    },
    getSession: ({ caller, input }) => control.session(caller, input.params.id),
    endSession: ({ caller, input }) => control.endSession(caller, input.params.id, input.body.reason),
  }
}

export function targetHandlers({ control, posture }: ApiDeps): Handlers<keyof typeof targetOperations> {
  return {
    listTargets: async ({ caller }) => ({ items: await control.targets(caller) }),
    listRoleOptions: async ({ caller, input }) => ({ items: await control.roleOptions(caller, input.params.name) }),
    getPosture: async ({ caller, input }) => {
      await control.require(caller, 'posture.read')
      return configured(posture, 'the check of databases').findings(input.params.name)
    },
  }
}

export function lockHandlers({ control }: ApiDeps): Handlers<keyof typeof lockOperations> {
  return {
    setLock: ({ caller, input }) => control.setLock(caller, input.body),
    listLocks: async ({ caller, input: { query } }) => {
      const { items, next } = await control.locks(caller, { ...pageOf(query), all: query.all })
      return { items, nextCursor: cursorOf(next) }
    },
    liftLock: ({ caller, input }) => control.liftLock(caller, input.params.id, input.body.reason),
    createDelegation: ({ caller, input }) => control.delegate(caller, input.body),
    listDelegations: async ({ caller, input: { query } }) => {
      const { items, next } = await control.delegations(caller, { ...pageOf(query), all: query.all })
      return { items, nextCursor: cursorOf(next) }
    },
    endDelegation: ({ caller, input }) => control.endDelegation(caller, input.params.id),
  }
}

export function credentialHandlers({ control, certificates }: ApiDeps): Handlers<keyof typeof credentialOperations> {
  return {
    issuePassword: ({ caller, input }) => control.issuePassword(caller, input.body),
    listPasswords: async ({ caller, input: { query } }) => {
      const { items, next } = await control.passwords(caller, { ...pageOf(query), all: query.all })
      return { items, nextCursor: cursorOf(next) }
    },
    revokePassword: ({ caller, input }) => control.revokePassword(caller, input.params.id),
    issueCertificate: ({ caller, input }) => control.issueCertificate(caller, input.body),
    listCertificates: async ({ caller, input: { query } }) => {
      const { items, next } = await control.certificates(caller, { ...pageOf(query), all: query.all })
      return { items, nextCursor: cursorOf(next) }
    },
    revokeCertificate: ({ caller, input }) => control.revokeCertificate(caller, input.params.id),
    getAuthority: async () => ({ chain: configured(certificates, 'an authority for certificates').authority.chain }),
    getRefusal: ({ caller, input }) => control.proposeFromRefusal(caller, input.params.id),
  }
}
