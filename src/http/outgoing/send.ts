import { request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import type { AddressGuard } from '../../outbound/address.ts'
import { signatureOf } from './signature.ts'

const TIMEOUT_MS = 10_000

export interface Parcel {
  readonly url: string
  readonly id: string
  readonly body: string
  readonly secret: string
  readonly now: number
}

/** Null where it was taken (any 2xx), else why not. Redirects are answers like others: nobody follows them. */
export function sendParcel(parcel: Parcel, guard: AddressGuard): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const url = guard.check(parcel.url)
  const request = url.protocol === 'https:' ? overHttps : overHttp
  const sent = request(
    url,
    {
      method: 'POST',
      lookup: guard.lookup,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      agent: false,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(parcel.body),
        'user-agent': 'Sallyport',
        'sallyport-event': parcel.id,
        'sallyport-signature': signatureOf(parcel.body, parcel.secret, parcel.now),
      },
    },
    (response) => {
      const { statusCode: status = 0 } = response
      // Nothing of the answer is read: it could be anything, and as long as it likes.
      response.destroy()
      resolve(status >= 200 && status < 300 ? null : `answered with status ${status}`)
    },
  )
  sent.on('error', (error) => resolve(reasonOf(error)))
  sent.end(parcel.body)
  return promise
}

/** A code, or a sentence of ours: texts of the network are for nobody. */
function reasonOf(error: Error & { readonly code?: unknown }): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'did not answer in time'
  return typeof error.code === 'string' && /^[A-Z_0-9]{1,64}$/.test(error.code)
    ? `can not be reached (${error.code})`
    : 'can not be reached, or may not be'
}
