import { jsonOf, member, parseJson, textMember } from '../outbound/json_answer.ts'
import { send } from '../outbound/request.ts'
import type { SecretVersion } from '../session/ports.ts'
import type { GcpSettings } from '../session/secret_settings.ts'
import { crc32c } from './crc32c.ts'
import { encodedPath, MAX_SECRET_BYTES, pickText, providerError, type SecretProvider, secretError } from './provider.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const WHOLE = /^projects\/[^/]+\/secrets\/[^/]+(\/versions\/([0-9]+|latest))?$/

/** Gives an access token. */
type Authorize = () => Promise<string>

/** GCP Secret Manager, `projects.secrets.versions.access`. A path is a name, or `projects/P/secrets/NAME[/versions/N]`. */
export function createGcpProvider(
  settings: GcpSettings,
  readCredentials: () => Promise<string | null>,
): SecretProvider {
  let authorize: Promise<Authorize> | null = null
  const token = async () => {
    authorize ??= open(settings, readCredentials)
    // One that could not be opened is opened again at the next reading.
    const give = await authorize.catch((error: unknown) => {
      authorize = null
      throw error
    })
    return within(give(), settings.timeoutMs)
  }
  return {
    async read(path, field) {
      const { secret, version } = placeOf(path, settings)
      const found = await access(settings, token, `${secret}/versions/${version}`, field)
      return { ...found, expiresAt: null, previous: null, lease: null }
    },
    others: (path, field) => versionBefore(settings, token, path, field),
    close: async () => {},
  }
}

/** The library is loaded when a reference asks for it. */
async function open({ project }: GcpSettings, readCredentials: () => Promise<string | null>): Promise<Authorize> {
  const { GoogleAuth } = await import('google-auth-library')
  const text = await readCredentials()
  const credentials = text === null ? null : serviceAccount(text)
  // Without a project the library looks for one everywhere, and runs gcloud for it; a token needs none.
  const projectId = project ?? 'none'
  const auth = new GoogleAuth({ scopes: [SCOPE], projectId, ...(credentials !== null && { credentials }) })
  return async () => {
    const token = await auth.getAccessToken()
    if (typeof token !== 'string') throw secretError('GCP gave no access token')
    return token
  }
}

/** A key of a service account alone: other kinds of credentials may name a program or an address of their own. */
function serviceAccount(text: string): { readonly client_email: string; readonly private_key: string } {
  const document = parseJson(text)
  const email = textMember(document, 'client_email')
  const key = textMember(document, 'private_key')
  if (email === null || key === null) throw secretError('the credentials for GCP are no key of a service account')
  return { client_email: email, private_key: key }
}

function placeOf(path: string, { project }: GcpSettings): { readonly secret: string; readonly version: string } {
  encodedPath(path)
  if (!path.includes('/')) {
    if (project === null) throw secretError('the provider has no project: write projects/P/secrets/NAME')
    return { secret: `projects/${project}/secrets/${path}`, version: 'latest' }
  }
  const whole = WHOLE.exec(path)
  if (whole === null)
    throw secretError('a secret of GCP is NAME or projects/P/secrets/NAME, with /versions/N or without')
  return { secret: path.replace(/\/versions\/\w+$/, ''), version: whole[2] ?? 'latest' }
}

async function access(
  { endpoint, ca, timeoutMs }: GcpSettings,
  token: Authorize,
  name: string,
  field: string | null,
): Promise<SecretVersion> {
  try {
    const url = `${endpoint.replace(/\/$/, '')}/v1/${encodedPath(name)}:access`
    const headers = { authorization: `Bearer ${await token()}` }
    const answer = await send({ url, headers, ca, timeoutMs, maxBytes: 3 * MAX_SECRET_BYTES })
    if (answer.status !== 200) throw secretError(`GCP Secret Manager answered with status ${answer.status}`)
    return payloadOf(jsonOf(answer), field)
  } catch (error) {
    throw providerError('GCP Secret Manager', error)
  }
}

function payloadOf(document: unknown, field: string | null): SecretVersion {
  const version = /\/versions\/([0-9]+)$/.exec(textMember(document, 'name') ?? '')?.[1]
  const payload = member(document, 'payload')
  const data = textMember(payload, 'data')
  if (version === undefined || data === null) throw secretError('GCP Secret Manager answered without a secret')
  const bytes = Buffer.from(data, 'base64')
  const sum = member(payload, 'dataCrc32c')
  if (sum !== undefined && String(sum) !== String(crc32c(bytes))) {
    throw secretError('GCP Secret Manager answered with a wrong checksum')
  }
  return { ...pickText(bytes.toString('utf8'), field), version }
}

/** The newest version may not have reached the server yet. A pinned version has none before it. */
async function versionBefore(
  settings: GcpSettings,
  token: Authorize,
  path: string,
  field: string | null,
): Promise<readonly SecretVersion[]> {
  const { secret, version } = placeOf(path, settings)
  if (version !== 'latest') return []
  const newest = Number((await access(settings, token, `${secret}/versions/latest`, field)).version)
  if (newest <= 1) return []
  // It may be disabled or destroyed, which says that it must not be used any more.
  return access(settings, token, `${secret}/versions/${newest - 1}`, field).then(
    (found) => [found],
    () => [],
  )
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(secretError('GCP gave no access token in time')), timeoutMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
