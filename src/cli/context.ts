import { SallyportError } from '../errors.ts'
import { type ApiClient, createApiClient } from './api/client.ts'
import { freshToken } from './sign_in/fresh_token.ts'
import { homeFolder, type Profile, readProfile } from './sign_in/profile.ts'
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
}

export interface SignedIn {
  readonly profile: Profile
  readonly store: TokenStore
  readonly api: ApiClient
  readonly token: () => Promise<string>
}

/** `SALLYPORT_TOKEN` is for machines, whose platform gave them a token: nothing is stored then. */
export async function signedIn({ env }: CliContext): Promise<SignedIn> {
  const home = homeFolder(env)
  const profile = await readProfile(home)
  if (profile === null) throw new SallyportError('SP-AUTH', 'nobody is logged in: run sallyport login --server URL')
  const trusted = env.SALLYPORT_CA_FILE === undefined ? profile.ca : null
  if (trusted !== null) trustAlso(trusted)
  const store = await storeOf(home, profile.server, env)
  const given = env.SALLYPORT_TOKEN
  const token = async () => given ?? (await freshToken(profile, store, Date.now()))
  return { profile, store, token, api: createApiClient(profile.server, token) }
}

/** `SALLYPORT_KEYCHAIN=off` keeps tokens in the file. */
export async function storeOf(home: string, server: string, env: CliContext['env']): Promise<TokenStore> {
  return openTokenStore(home, server, env.SALLYPORT_KEYCHAIN === 'off' ? null : await systemKeychain())
}
