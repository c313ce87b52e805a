import type { Config } from '../../config/config.ts'
import { checkConfig } from '../../config/load.ts'
import { formatProblem } from '../../config/problem.ts'
import type { SecretResolver } from '../../config/resolve.ts'
import { SallyportError } from '../../errors.ts'

/** A key that masks nothing: a mask without a key would be left out, and its column look clear. */
const STAND_IN = Buffer.alloc(32).toString('base64')

/**
 * The configuration without any of its secrets, for what goes by policy alone. Rejects with `SP-CONFIG` where it is wrong.
 */
export async function offlineConfig(dir: string): Promise<Config> {
  const keys = new Set<string>()
  const resolver: SecretResolver = async (reference) => {
    if (keys.has(reference)) return STAND_IN
    throw new SallyportError('SP-CONFIG', 'secrets are not read here')
  }
  const first = await checkConfig(dir, resolver)
  for (const reference of keyReferences(first.config)) keys.add(reference)
  const { config, problems } = await checkConfig(dir, resolver)
  const wrong = problems.filter(({ kind }) => kind === 'wrong')
  if (config !== null && wrong.length === 0) return config
  throw new SallyportError('SP-CONFIG', wrong.map(formatProblem).join('\n'))
}

function keyReferences(config: Config | null): readonly string[] {
  const masking = config?.tree.masking
  if (typeof masking !== 'object' || masking === null || !('keys' in masking)) return []
  return Object.values(masking.keys as Readonly<Record<string, string>>)
}
