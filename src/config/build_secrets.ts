import {
  NO_PROVIDERS,
  type SecretProviderSettings,
  type SecretSettings,
  type VaultAuth,
} from '../session/secret_settings.ts'
import type { Merged, Place } from './merge.ts'
import type { Path } from './problem.ts'
import type { Resolver } from './resolve.ts'
import type { SecretsSection } from './schema_file.ts'

type ProviderSection = SecretsSection['providers'][string]
type VaultSection = Extract<ProviderSection, { kind: 'vault' }>

/** Built before everything else, since the rest may refer to secrets that come from these providers. */
export async function buildSecrets({ secrets }: Merged, resolver: Resolver): Promise<SecretSettings> {
  if (secrets === null) return NO_PROVIDERS
  const { value, at } = secrets
  const providers = new Map<string, SecretProviderSettings>()
  for (const [name, section] of Object.entries(value.providers)) {
    providers.set(name, await buildProvider(section, resolver, at, ['providers', name]))
  }
  return { cacheMs: value.cache, refreshMs: value.refresh, overlapMs: value.overlap, providers }
}

async function buildProvider(
  section: ProviderSection,
  resolver: Resolver,
  at: Place,
  below: Path,
): Promise<SecretProviderSettings> {
  const certificates = async (ca: string | undefined) =>
    ca === undefined ? null : await resolver.certificates(ca, at, [...below, 'ca'])
  const timeoutMs = section.timeout
  switch (section.kind) {
    case 'vault':
      return { ...buildVault(section, resolver), ca: await certificates(section.ca), timeoutMs }
    case 'aws':
      return { kind: 'aws', region: section.region, endpoint: section.endpoint ?? null, timeoutMs }
    case 'gcp': {
      const { kind, project, endpoint, credentials } = section
      const ca = await certificates(section.ca)
      return { kind, project: project ?? null, endpoint, ca, credentials: credentials ?? null, timeoutMs }
    }
    case 'exec':
      return { kind: 'exec', command: section.command, environment: section.environment, timeoutMs }
    case 'https': {
      const { kind, url, bearer } = section
      return { kind, url, bearer, ca: await certificates(section.ca), timeoutMs }
    }
  }
}

function buildVault({ kind, address, namespace, auth, kvMounts, databaseMounts }: VaultSection, resolver: Resolver) {
  const built: VaultAuth = auth.method === 'kubernetes' ? { ...auth, tokenPath: resolver.path(auth.tokenPath) } : auth
  return { kind, address, namespace: namespace ?? null, auth: built, kvMounts, databaseMounts }
}
