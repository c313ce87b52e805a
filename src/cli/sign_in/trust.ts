import { getCACertificates, setDefaultCACertificates } from 'node:tls'

/** From here on this process trusts these authorities beside those of Node and of the machine, in `fetch` too. */
export function trustAlso(ca: string): void {
  setDefaultCACertificates([...getCACertificates('default'), ...getCACertificates('system'), ca])
}
