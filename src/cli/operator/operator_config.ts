import type { Config } from '../../config/config.ts'
import { checkConfig } from '../../config/load.ts'
import { formatProblem } from '../../config/problem.ts'
import { SallyportError } from '../../errors.ts'
import { readSecret } from '../../secrets/resolve_secret.ts'
import type { Target } from '../../session/ports.ts'

/**
 * The configuration for a command of an operator, whose machine need not have every secret of the server. Rejects with
 * `SP-CONFIG` where it is wrong.
 */
export async function operatorConfig(dir: string): Promise<Config> {
  const { config, problems } = await checkConfig(dir, readSecret)
  const wrong = problems.filter(({ kind }) => kind === 'wrong')
  if (config !== null && wrong.length === 0) return config
  throw new SallyportError('SP-CONFIG', problems.map(formatProblem).join('\n'))
}

export function targetNamed({ targets }: Config, name: string): Target {
  const target = targets.find((one) => one.name === name)
  if (target !== undefined) return target
  const known = targets.map((one) => one.name).join(', ')
  throw new SallyportError('SP-NOT-FOUND', `there is no target ${name}; there are: ${known || 'none'}`)
}

/** The target with its admin login, which this command needs. */
export async function reachable(dir: string, name: string): Promise<{ config: Config; target: Target }> {
  const config = await operatorConfig(dir)
  const target = targetNamed(config, name)
  const login = config.logins.get(name)?.admin
  // Says why it can't be read, which the configuration took for no fault of its own.
  if (target.admin.user === '' && login !== undefined) await readSecret(login.reference, dir, config.secrets)
  return { config, target }
}
