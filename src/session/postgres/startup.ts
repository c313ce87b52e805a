import { SallyportError } from '../../errors.ts'

/** A client's StartupMessage after the allow-list. `settings` still have to pass the policy's judgment of settings. */
export interface Startup {
  readonly user: string
  readonly database: string | null
  readonly application: string | null
  /** `sallyport.reason` and `sallyport.ticket`: told to the proxy and to no server. */
  readonly reason: string | null
  readonly ticket: string | null
  /** Settings in order, from parameters and from `options`, without those named above. */
  readonly settings: readonly (readonly [name: string, value: string])[]
  /** `_pq_.` options, none of which is known: they go into NegotiateProtocolVersion. */
  readonly unknownOptions: readonly string[]
}

/** Under other values the same bytes would be another text than the one that is judged. */
export const REQUIRED_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['client_encoding', 'UTF8'],
  ['standard_conforming_strings', 'on'],
])

const MAX_PARAMETERS = 64
const OWN_SETTINGS: ReadonlySet<string> = new Set(['sallyport.reason', 'sallyport.ticket'])

/** Rebuilds the startup from its parts: duplicates, replication and what is no setting are `SP-STARTUP`. */
export function startupOf(parameters: readonly (readonly [string, string])[]): Startup {
  if (parameters.length > MAX_PARAMETERS) throw refused('too many parameters')
  const byName = new Map<string, string>()
  for (const [name, value] of parameters) {
    if (byName.has(name)) throw refused(`${name} is given twice`)
    byName.set(name, value)
  }
  const user = byName.get('user')
  if (!user) throw refused('no user name is given')
  if (!['false', 'off', 'no', '0', undefined].includes(byName.get('replication'))) {
    throw refused('replication is not offered')
  }
  const own = new Set(['user', 'database', 'replication', 'options', 'application_name'])
  const direct = parameters.filter(([name]) => !own.has(name) && !name.startsWith('_pq_.'))
  const settings = [...parseOptions(byName.get('options') ?? ''), ...direct]
  const fromOptions = settings.findLast(([name]) => name === 'application_name')?.[1]
  return {
    user,
    database: byName.get('database') || null,
    application: byName.get('application_name') ?? fromOptions ?? null,
    reason: ownSetting(settings, 'reason'),
    ticket: ownSetting(settings, 'ticket'),
    settings: settings.filter(([name]) => name !== 'application_name' && !OWN_SETTINGS.has(name.toLowerCase())),
    unknownOptions: parameters.map(([name]) => name).filter((name) => name.startsWith('_pq_.')),
  }
}

/**
 * The command-line options of the startup packet, as the server splits them (pg_split_opts: white space separates, a
 * backslash takes the next character as it is). Only `-c name=value` and `--name=value` are settings; the rest is refused.
 */
function parseOptions(options: string): (readonly [string, string])[] {
  const words = splitOptions(options)
  const settings: (readonly [string, string])[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '-c') settings.push(setting(words[++at] ?? ''))
    else if (word.startsWith('-c')) settings.push(setting(word.slice(2)))
    else if (word.startsWith('--')) settings.push(setting(word.slice(2)))
    else throw refused(`the option ${word.slice(0, 16)} is not a setting`)
  }
  return settings
}

function ownSetting(settings: readonly (readonly [string, string])[], what: 'reason' | 'ticket'): string | null {
  return settings.findLast(([name]) => name.toLowerCase() === `sallyport.${what}`)?.[1] ?? null
}

function splitOptions(options: string): string[] {
  const words: string[] = []
  let word: string | null = null
  for (let at = 0; at < options.length; at++) {
    const char = options[at] as string
    if (/\s/.test(char)) {
      if (word !== null) words.push(word)
      word = null
    } else {
      word = (word ?? '') + (char === '\\' ? (options[++at] ?? '') : char)
    }
  }
  if (word !== null) words.push(word)
  return words
}

function setting(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at <= 0) throw refused('an option has no value')
  // The server takes dashes for underscores in names of settings given as options.
  return [text.slice(0, at).replaceAll('-', '_').toLowerCase(), text.slice(at + 1)]
}

function refused(why: string): SallyportError {
  return new SallyportError('SP-STARTUP', why)
}
