import type { SecretVersion } from '../session/ports.ts'
import { NO_PROVIDERS, type SecretSettings } from '../session/secret_settings.ts'
import { createSecrets } from './live_secrets.ts'

/**
 * Reads one secret once, and gives up what was leased for it: for commands that look at a configuration. The running
 * program reads through `createSecrets`. Rejects with `SP-CONFIG`, which names the reference and never the secret.
 */
export async function readSecret(
  reference: string,
  baseDir: string,
  settings: SecretSettings = NO_PROVIDERS,
): Promise<SecretVersion> {
  const clock = { now: () => Date.now(), monotonic: () => performance.now() }
  const secrets = createSecrets({ baseDir, clock, onReading: () => {} })
  try {
    return await secrets.resolve(reference, baseDir, settings)
  } finally {
    await secrets.close()
  }
}

/** The text alone. */
export async function resolveSecret(reference: string, baseDir: string, settings?: SecretSettings): Promise<string> {
  return (await readSecret(reference, baseDir, settings)).value
}
