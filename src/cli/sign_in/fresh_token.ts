import { SallyportError } from '../../errors.ts'
import type { Profile } from './profile.ts'
import type { TokenStore } from './token_store.ts'

/** A token that is over within so many milliseconds is renewed first. */
const RENEW_BEFORE_MS = 60_000

/** A token that is good now, renewed where it has to be. Rejects with `SP-AUTH` where the person has to log in. */
export async function freshToken(profile: Profile, store: TokenStore, now: number): Promise<string> {
  const tokens = await store.load()
  if (tokens === null) throw new SallyportError('SP-AUTH', 'nobody is logged in: run sallyport login')
  if (tokens.expiresAt - now > RENEW_BEFORE_MS) return tokens.token
  const next = tokens.refreshToken === null ? null : await renewed(profile, tokens.refreshToken)
  if (next !== null) {
    await store.save(next)
    return next.token
  }
  if (tokens.expiresAt > now) return tokens.token
  throw new SallyportError('SP-AUTH', 'the login is over: run sallyport login')
}

/** Most commands have a token that is good: OpenID Connect is loaded for the others. */
async function renewed(profile: Profile, refreshToken: string) {
  const { discover, refresh } = await import('./sign_in.ts')
  return refresh(await discover(profile), profile, refreshToken)
}
