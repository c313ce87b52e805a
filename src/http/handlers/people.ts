import { type ErrorCode, REFUSALS, SallyportError } from '../../errors.ts'
import { noteAccess } from '../audit.ts'
import { CSRF_COOKIE, SESSION_COOKIE } from '../authenticate.ts'
import type { ConsoleSessions } from '../console_sessions.ts'
import type { clientOperations } from '../contract/client_settings.ts'
import type { peopleOperations } from '../contract/people.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ConsoleLogin } from '../login.ts'
import { openapi } from '../openapi.ts'
import type { ApiDeps } from '../ports.ts'

const PATH = { path: '/' }

export function peopleHandlers(
  deps: ApiDeps,
  sessions: ConsoleSessions,
  login: ConsoleLogin | null,
): Handlers<keyof typeof peopleOperations | keyof typeof clientOperations> {
  const { control, version } = deps
  const description = openapi(version)
  return {
    getMe: async ({ caller, session }) => {
      const { person, groups, roles, operations, leads } = await control.standing(caller)
      return { person, groups, roles, operations, leads, csrfToken: session?.csrfToken ?? null }
    },
    startLogin: async ({ input: { query }, reply }) => ({
      kind: 'redirect',
      to: await configured(login, 'login by browser').start(reply, query.return_to, query.fresh),
    }),
    finishLogin: async ({ request, reply }) => ({
      kind: 'redirect',
      to: await configured(login, 'login by browser').finish(request, reply),
    }),
    logOut: async ({ caller, request, reply }) => {
      const cookie = request.cookies[SESSION_COOKIE]
      if (cookie !== undefined) sessions.close(cookie)
      reply.clearCookie(SESSION_COOKIE, PATH).clearCookie(CSRF_COOKIE, PATH)
      await noteAccess(deps, 'api.logout', caller, {})
      return undefined
    },
    backChannelLogout: async ({ raw }) => {
      const token = new URLSearchParams(Buffer.from(raw).toString('utf8')).get('logout_token')
      if (token === null) throw new SallyportError('SP-INPUT', 'logout_token is missing')
      const who = await configured(deps.logoutTokens, 'back-channel logout')(token)
      const ended = sessions.closeAll(who)
      deps.loggedOut(who)
      await noteAccess(deps, 'api.logout', null, { issuer: who.issuer, subject: who.subject, ended })
      return undefined
    },
    getClientSettings: async () => configured(deps.clientSettings, 'what clients have to know'),
    getHealth: async () => ({ status: 'ok', version }),
    getOpenapi: async () => description,
    getProblem: async ({ input }) => {
      const code = input.params.name.toUpperCase()
      if (!Object.hasOwn(REFUSALS, code)) throw new SallyportError('SP-NOT-FOUND', 'no such code')
      const { cause, next } = REFUSALS[code as ErrorCode]
      return { code, cause, next }
    },
  }
}
