import { SallyportError } from '../../errors.ts'

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** An address of the admin API, without a slash at its end. A token goes there, so it has to be inside TLS or on this machine. */
export function serverAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['https:', 'http:'].includes(url.protocol)) {
    throw new SallyportError('SP-INPUT', `${text} is no address: it has to look like https://sallyport.example.com`)
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw new SallyportError(
      'SP-INPUT',
      `${text} would show a token to the network: the address has to begin with https://`,
    )
  }
  return text.replace(/\/+$/, '')
}

/** Machines talk to themselves without TLS. */
export function isLoopback({ hostname }: URL): boolean {
  return LOOPBACK.test(hostname)
}
