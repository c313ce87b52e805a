import { createHmac } from 'node:crypto'

const MS_PER_SECOND = 1000

/**
 * `Sallyport-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256 over the seconds, a dot and the body. The receiver compares in
 * constant time and refuses a time that is more than five minutes off, so that nothing is sent again by somebody else.
 */
export function signatureOf(body: string, secret: string, now: number): string {
  const seconds = Math.floor(now / MS_PER_SECOND)
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${digest}`
}
