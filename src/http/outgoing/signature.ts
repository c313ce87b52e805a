import { createHmac } from 'node:crypto'
import { SallyportError } from '../../errors.ts'
import type { ApiDeps } from '../ports.ts'

const MS_PER_SECOND = 1000

/**
 * The secret of a webhook. Whoever manages webhooks chooses where they lead: signed with any secret that the program can
 * read, one would tell a stranger of it, and a guess at a weak one could be checked. Rejects with `SP-INPUT` or `SP-CONFIG`.
 */
export async function signingSecret(reference: string, deps: Pick<ApiDeps, 'settings' | 'secret'>): Promise<string> {
  checkSigningSecret(reference, deps)
  return deps.secret(reference)
}

export function checkSigningSecret(reference: string, { settings }: Pick<ApiDeps, 'settings'>): void {
  if (settings.webhooks.secrets.includes(reference)) return
  throw new SallyportError('SP-INPUT', 'the secret is not one of node.api.webhooks.secrets in the configuration')
}

/**
 * `Sallyport-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256 over the seconds, a dot and the body. The receiver compares in
 * constant time and refuses a time that is more than five minutes off, so that nothing is sent again by somebody else.
 */
export function signatureOf(body: string, secret: string, now: number): string {
  const seconds = Math.floor(now / MS_PER_SECOND)
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${digest}`
}
