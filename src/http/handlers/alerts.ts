import { SIGNALS, type Signal } from '../../audit/alert_event.ts'
import type { alertOperations } from '../contract/alerts.ts'
import { cursorOf, pageOf } from '../cursor.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'

const PREFIX = 'alert.'

export function alertHandlers(deps: ApiDeps): Handlers<keyof typeof alertOperations> {
  const { control, alerts, auditSearch } = deps
  return {
    listAlerts: async ({ caller, input: { query } }) => {
      await control.require(caller, 'alert.read')
      const { limit: _, cursor: __, signal, ...filters } = query
      const event = `${PREFIX}${signal ?? '*'}`
      const found = await configured(auditSearch, 'the search of the audit log').events(
        { ...filters, event },
        pageOf(query),
      )
      const items = found.items.map(({ uid, sequence, time, event: code, severity, status, message, ...entry }) => {
        const named = { id: uid ?? '', signal: code?.slice(PREFIX.length) ?? '', summary: message }
        return { ...named, sequence, time, severity, status, person: entry.email ?? entry.person, target: entry.target }
      })
      return { items, nextCursor: cursorOf(found.next) }
    },
    listAlertRules: async ({ caller }) => {
      await control.require(caller, 'alert.read')
      const { rules } = configured(alerts, 'alerts').settings()
      return { items: SIGNALS.map((signal: Signal) => ({ signal, ...rules[signal] })) }
    },
    testAlert: async ({ caller, input: { params } }) => {
      await control.require(caller, 'alert.test')
      const { email, subject } = caller.identity
      const { id, channels } = configured(alerts, 'alerts').test(params.signal, email ?? subject)
      return { id, channels }
    },
  }
}
