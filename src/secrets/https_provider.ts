import { send } from '../outbound/request.ts'
import type { HttpsSettings } from '../session/secret_settings.ts'
import { encodedPath, MAX_SECRET_BYTES, providerError, type SecretProvider, secretError } from './provider.ts'
import { parseSecretDocument } from './secret_document.ts'

/** GET `<url>/<path>` with a bearer token, which is read anew each time so that it may be rotated too. */
export function createHttpsProvider(settings: HttpsSettings, bearer: () => Promise<string>): SecretProvider {
  return {
    async read(path, field) {
      if (field !== null) throw secretError('a secret of an https provider has no fields')
      const url = `${settings.url.replace(/\/$/, '')}/${encodedPath(path)}`
      const headers = { authorization: `Bearer ${await bearer()}` }
      const { ca, timeoutMs } = settings
      try {
        const answer = await send({ url, headers, ca, timeoutMs, maxBytes: 3 * MAX_SECRET_BYTES })
        if (answer.status !== 200) throw secretError(`the server of secrets answered with status ${answer.status}`)
        return parseSecretDocument(answer.text)
      } catch (error) {
        throw providerError('the server of secrets', error)
      }
    },
    others: async () => [],
    close: async () => {},
  }
}
