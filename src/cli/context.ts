import { SallyportError } from '../errors.ts'
import { type ApiClient, createApiClient } from './api/client.ts'
import { freshToken } from './sign_in/fresh_token.ts'
import { homeFolder, type Profile, readProfile } from './sign_in/profile.ts'
import { serverAddress } from './sign_in/server_address.ts'
import { openTokenStore, systemKeychain, type TokenStore } from './sign_in/token_store.ts'
import { trustAlso } from './sign_in/trust.ts'

type Print = (text: string) => void

/** What every command has at hand. */
export interface CliContext {
  readonly out: Print
  readonly err: Print
  readonly exit: (code: number) => void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Reads a whole file or, for `-`, standard input. */
  readonly read: (path: string) => Promise<string>
  /** Asks the person at the terminal; null where there is none, as in a script. */
  readonly ask: ((question: string) => Promise<string>) | null
}

/** Options of what has to be explained. */
export interface Reasoned {
  readonly reason: string
}

export interface SignedIn {
  /** The address of the admin API. */
  readonly server: string
  /** PEM of the authorities that the server is trusted by; null for the built-in ones. */
  readonly ca: string | null
  readonly api: ApiClient
  readonly token: () => Promise<string>
}

/**
 * As the person who logged in. `SALLYPORT_TOKEN` is for machines, whose platform gave them a token: with it and
 * `SALLYPORT_SERVER` nobody has to log in, and nothing is stored.
 */
export async function signedIn(context: CliContext): Promise<SignedIn> {
  const { env } = context
  const home = homeFolder(env)
  const profile = await readProfile(home)
  const given = env.SALLYPORT_TOKEN
  const server = serverOf(env, profile)
  const kept = profile?.server === server ? profile : null
  if (given === undefined && kept === null) {
    throw new SallyportError('SP-AUTH', `nobody is logged in at ${server}: run sallyport login --server ${server}`)
  }
  const ca = await authoritiesOf(context, kept)
  if (ca !== null) trustAlso(ca)
  const token = async () => given ?? (await renewedToken(home, kept, env))
  return { server, ca, token, api: createApiClient(server, token) }
}

function serverOf({ SALLYPORT_SERVER: named, SALLYPORT_TOKEN: token }: CliContext['env'], profile: Profile | null) {
  if (named !== undefined && named !== '') return serverAddress(named)
  if (profile !== null) return profile.server
  throw new SallyportError(
    'SP-AUTH',
    token === undefined
      ? 'nobody is logged in: run sallyport login --server URL'
      : 'SALLYPORT_TOKEN is set, but no server: set SALLYPORT_SERVER to its address',
  )
}

/** Those of `SALLYPORT_CA_FILE`, else those that the login was told to trust. */
async function authoritiesOf({ env, read }: CliContext, profile: Profile | null): Promise<string | null> {
  const path = env.SALLYPORT_CA_FILE
  return path === undefined || path === '' ? (profile?.ca ?? null) : read(path)
}

async function renewedToken(home: string, profile: Profile | null, env: CliContext['env']): Promise<string> {
  if (profile === null) throw new SallyportError('SP-AUTH', 'nobody is logged in: run sallyport login')
  return freshToken(profile, await storeOf(home, profile.server, env), Date.now())
}

/** `SALLYPORT_KEYCHAIN=off` keeps tokens in the file. */
export async function storeOf(home: string, server: string, env: CliContext['env']): Promise<TokenStore> {
  return openTokenStore(home, server, env.SALLYPORT_KEYCHAIN === 'off' ? null : await systemKeychain())
}
