import { asSallyportError, type SallyportError } from '../errors.ts'
import type { AuthMethod } from '../session/ports.ts'
import { type Route, routeOf } from '../session/route.ts'
import type { ListenerSettings } from './context.ts'

interface WayIn {
  readonly auth: AuthMethod
  /** `<target>.<suffix>` names a target. */
  readonly suffix: string | null
}

/** How a client has to prove who it is: the TLS name that it asked for decides, else the listener. The longest name wins. */
export function wayIn({ auth, sniSuffix, serverNames }: ListenerSettings, serverName: string | null): WayIn {
  const asked = serverName?.toLowerCase() ?? ''
  const [named] = serverNames
    .filter(({ suffix }) => asked === suffix.toLowerCase() || asked.endsWith(`.${suffix.toLowerCase()}`))
    .sort((a, b) => b.suffix.length - a.suffix.length)
  if (named === undefined || isLonger(sniSuffix, named.suffix, asked)) return { auth, suffix: sniSuffix }
  return named
}

/** The listener's own suffix counts as one of the names. */
function isLonger(own: string | null, other: string, asked: string): boolean {
  return own !== null && own.length > other.length && asked.endsWith(`.${own.toLowerCase()}`)
}

export function asksCertificates({ auth, serverNames }: ListenerSettings): boolean {
  return auth === 'cert' || serverNames.some((named) => named.auth === 'cert')
}

export function routeFor(listener: ListenerSettings, serverName: string | null, user: string): Route | SallyportError {
  try {
    const { suffix: sniSuffix } = wayIn(listener, serverName)
    return routeOf({ listenerTarget: listener.target, sniSuffix, serverName, user })
  } catch (error) {
    return asSallyportError(error)
  }
}
