import { asSallyportError, SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { passwordDigest, passwordForm } from '../session/connection_password.ts'
import { passwordsMeant } from '../session/meant_passwords.ts'
import type { LivePassword } from '../session/ports.ts'
import type { Route } from '../session/route.ts'
import type { ProxyContext } from './context.ts'

/** What a client showed, in either protocol. Tokens are secrets: they go to the verifier and nowhere else. */
export type Proof =
  /** A token, or a whole connection password in its place. */
  | { readonly kind: 'token'; readonly token: string }
  /** The client proved that it knows this password. */
  | { readonly kind: 'password'; readonly password: LivePassword }
  /** DER; null where the client has none. */
  | { readonly kind: 'certificate'; readonly certificate: Uint8Array | null }
  /** It proved nothing. */
  | { readonly kind: 'none'; readonly why: string }

export interface Proven {
  readonly identity: Identity | SallyportError
  /** What the login stands for one grant by, or null. */
  readonly password: LivePassword | null
}

type World = Pick<ProxyContext, 'tokens' | 'credentials' | 'authority' | 'clock'>

/** Who the client is by its proof. Never rejects: what failed is the `identity`, with a detail for the log alone. */
export async function identify(context: World, proof: Proof, route: Route | SallyportError): Promise<Proven> {
  switch (proof.kind) {
    case 'none':
      return stranger(proof.why)
    case 'certificate':
      return byCertificate(context, proof.certificate)
    case 'password':
      return byPassword(context, ({ id }) => id === proof.password.id, route)
    case 'token': {
      const form = passwordForm(proof.token)
      if (form === 'mistyped') return stranger('a connection password with a slip in it')
      if (form === 'other') return { identity: await verified(context, proof.token), password: null }
      const shown = passwordDigest(proof.token)
      return byPassword(context, ({ digest }) => digest === shown, route)
    }
  }
}

function verified({ tokens }: World, token: string): Promise<Identity | SallyportError> {
  return tokens.verify(token).catch(asSallyportError)
}

/** It may have been revoked since the exchange began, so it is looked for once more. */
function byPassword(
  { credentials, clock }: World,
  isIt: (password: LivePassword) => boolean,
  route: Route | SallyportError,
): Proven {
  if (route instanceof SallyportError) return stranger('a connection password without a target')
  const now = clock.now()
  const password = credentials.passwordsFor(route.target).find((one) => isIt(one) && now < one.expiresAt)
  return password ? { identity: password.identity, password } : stranger('no such connection password, or no longer')
}

function byCertificate({ authority, credentials, clock }: World, certificate: Uint8Array | null): Proven {
  if (certificate === null) return stranger('the client showed no certificate')
  if (authority === null) return stranger('no authority for certificates is at hand')
  try {
    const now = clock.now()
    const { serial, fingerprint, subject, issuer } = authority.verify(certificate, now)
    const known = credentials.certificate(serial)
    if (!known || known.fingerprint !== fingerprint || now >= known.expiresAt) {
      return stranger('the certificate is not known, or no longer')
    }
    const { identity } = known
    if (identity.subject !== subject || identity.issuer !== issuer)
      return stranger('the certificate names another person')
    return { identity, password: null }
  } catch (error) {
    return { identity: asSallyportError(error), password: null }
  }
}

/** The connection passwords that a client may prove by its user name; none where the name leads nowhere. */
export function candidates(
  { credentials, grants, clock }: Pick<ProxyContext, 'credentials' | 'grants' | 'clock'>,
  route: Route | SallyportError,
): readonly LivePassword[] {
  if (route instanceof SallyportError) return []
  return passwordsMeant(route, credentials.passwordsFor(route.target), grants.snapshot().grants, clock.now())
}

function stranger(why: string): Proven {
  return { identity: new SallyportError('SP-AUTH', why), password: null }
}
