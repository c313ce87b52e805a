import type { SecretProviderSettings } from '../session/secret_settings.ts'
import { createAwsProvider } from './aws_provider.ts'
import { createExecProvider } from './exec_provider.ts'
import { createGcpProvider } from './gcp_provider.ts'
import { createHttpsProvider } from './https_provider.ts'
import { readLocal } from './local_secrets.ts'
import type { SecretProvider } from './provider.ts'
import { createVaultProvider } from './vault_provider.ts'

/** The provider as configured. Nothing is asked of it before the first reading. */
export function openProvider(settings: SecretProviderSettings, baseDir: string, now: () => number): SecretProvider {
  const local = (reference: string) => readLocal(reference, baseDir)
  switch (settings.kind) {
    case 'vault':
      return createVaultProvider(settings, local, now)
    case 'aws':
      return createAwsProvider(settings)
    case 'gcp': {
      const { credentials } = settings
      return createGcpProvider(settings, async () => (credentials === null ? null : local(credentials)))
    }
    case 'exec':
      return createExecProvider(settings)
    case 'https':
      return createHttpsProvider(settings, () => local(settings.bearer))
  }
}
